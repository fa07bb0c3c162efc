#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Base64 as Secrets and ConfigMaps hold it.
enum Base64Text {
  static func encode(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  static func decode(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map(Array.init) }

  /// How many bytes `text` stands for; nil when it is not base64.
  static func count(_ text: String) -> Int? { Data(base64Encoded: text)?.count }
}
