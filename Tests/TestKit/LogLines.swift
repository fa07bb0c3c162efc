package import Logging
import Synchronization

/// Log lines that a test looks at.
package final class LogLines: Sendable {
  private struct Handler: LogHandler {
    let lines: LogLines
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    init(_ lines: LogLines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      lines.add("\(event.level) \(event.message)\(details)")
    }
  }

  private let lines = Mutex<[String]>([])

  package init() {}

  package var all: [String] { lines.withLock { $0 } }
  package var warnings: [String] { all.filter { $0.hasPrefix("warning") } }
  package var logger: Logger { Logger(label: "test") { _ in Handler(self) } }

  private func add(_ line: String) { lines.withLock { $0.append(line) } }
}
