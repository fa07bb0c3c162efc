import Foundation
import Logging

/// Log lines, on the standard error stream.
struct Logs: LogHandler {
  let console: Console
  /// Nil: for a person who looks on.
  let format: LogFormat?
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(console: Console, level: Logger.Level, format: LogFormat? = nil) {
    self.console = console
    self.format = format
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata.merging(event.metadata ?? [:]) { $1 }
    if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
    if let format {
      console.write(format.line(event.level, "\(event.message)", all, at: Date()) + "\n")
    } else {
      let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      console.write("\(event.level): \(event.message)\(details)\n")
    }
  }
}
