import Foundation

/// Opens a browser at an address that nobody else may read.
///
/// Arguments of processes can be read by every user of a machine, so the browser gets a file that only this user can
/// read, and that sends it on.
struct BrowserOpening: Sendable {
  private let isWanted: Bool
  private let file = FileManager.default.temporaryDirectory.appending(path: "prepull-\(UUID().uuidString).html")

  /// - Parameter isWanted: whether a person wants it; where there is no screen, none is opened all the same.
  init(isWanted: Bool) {
    let environment = ProcessInfo.processInfo.environment
    let hasScreen = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"].contains { environment[$0]?.isEmpty == false }
    self.isWanted = isWanted && hasScreen
  }

  /// - Parameter address: of hexadecimal digits and what stands in every URL: it needs no escapes.
  func open(_ address: String) {
    guard isWanted else { return }
    let page = """
      <!doctype html><meta charset="utf-8"><title>Prepull</title>\
      <meta http-equiv="refresh" content="0; url=\(address)"><a href="\(address)">Go on</a>

      """
    let descriptor = Glibc.open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard (try? handle.write(contentsOf: Data(page.utf8))) != nil else { return }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["xdg-open", file.path]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    // Where it cannot be opened, the address stands in the terminal.
    try? process.run()
  }

  func remove() {
    if isWanted { try? FileManager.default.removeItem(at: file) }
  }
}
