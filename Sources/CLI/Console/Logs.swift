import Foundation
import Logging

/// Log lines, each written whole.
struct Logs: LogHandler {
  let write: @Sendable (String) -> Void
  /// Nil: for a person who looks on.
  let format: LogFormat?
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(level: Logger.Level, format: LogFormat? = nil, write: @escaping @Sendable (String) -> Void) {
    self.write = write
    self.format = format
    logLevel = level
  }

  init(console: Console, level: Logger.Level, format: LogFormat? = nil) {
    self.init(level: level, format: format) { console.write($0) }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata.merging(event.metadata ?? [:]) { $1 }
    if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
    if let format {
      write(format.line(event.level, "\(event.message)", all, at: Date()) + "\n")
    } else {
      let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      write("\(event.level): \(event.message)\(details)\n")
    }
  }
}
