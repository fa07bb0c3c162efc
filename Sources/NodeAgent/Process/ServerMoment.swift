import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Duration {
  /// A moment, given as the time since the beginning of 1970, as Kubernetes writes it: whole seconds.
  var timestamp: String { Timestamp.seconds(Date(timeIntervalSince1970: (self / .milliseconds(1)).rounded() / 1000)) }

  /// The moment that a text of the API states; nil when it states none.
  init?(timestamp text: String?) {
    guard let date = text.flatMap(Timestamp.date) else { return nil }
    self = .milliseconds(Int64((date.timeIntervalSince1970 * 1000).rounded()))
  }
}
