package import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Log lines, each written whole.
package struct Logs: LogHandler {
  package let write: @Sendable (String) -> Void
  /// Nil: for a person who looks on.
  package let format: LogFormat?
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]

  package init(level: Logger.Level, format: LogFormat? = nil, write: @escaping @Sendable (String) -> Void) {
    self.write = write
    self.format = format
    logLevel = level
  }

  package init(console: Console, level: Logger.Level, format: LogFormat? = nil) {
    self.init(level: level, format: format) { console.write($0) }
  }

  /// Of a server, whose state changes a program or a person follows.
  package static func logger(
    isVerbose: Bool = false, format: LogFormat, write: @escaping @Sendable (String) -> Void
  ) -> Logger {
    Logger(label: "prepull") { _ in Logs(level: isVerbose ? .debug : .info, format: format, write: write) }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
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
