/// A POSIX (ustar) archive of a few regular files, with the folders that they lie in.
struct TarArchive {
  private(set) var bytes: [UInt8] = []

  init(files: [String: [UInt8]]) {
    var folders: Set<String> = []
    for (path, content) in files.sorted(by: { $0.key < $1.key }) {
      let parts = path.split(separator: "/").dropLast()
      for count in parts.indices {
        let folder = parts[...count].joined(separator: "/") + "/"
        if folders.insert(folder).inserted { append(folder, type: "5", content: []) }
      }
      append(path, type: "0", content: content)
    }
    bytes += [UInt8](repeating: 0, count: 1024)
  }

  private mutating func append(_ path: String, type: Character, content: [UInt8]) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (position, byte) in text.utf8.enumerated() { header[offset + position] = byte }
    }
    func octal(_ number: Int, digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(path, at: 0)
    put(octal(0o755, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(content.count, digits: 11), at: 124)
    put(octal(1_700_000_000, digits: 11), at: 136)
    put("        ", at: 148)
    put(String(type), at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, digits: 6) + "\0 ", at: 148)
    bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }
}
