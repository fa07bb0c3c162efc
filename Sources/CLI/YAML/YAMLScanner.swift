import Glibc

/// Finds where the documents of a text begin and end, by its lines: `---` begins one, `...` ends one.
///
/// Within a document no line begins with either, so what is between them need not be understood for that.
struct YAMLScanner {
  /// Where a document begins.
  struct Start {
    /// Of the text that is to be read: the line with its first value, or the `---` on the same line.
    let text: Int
    /// Of its first value.
    let content: Int
    let mayBeJSON: Bool
    /// `%YAML 1.1`: the `---` behind it is no end.
    let hasDirective: Bool
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var position = 0
  /// Whether the last document was a JSON value: another may follow without anything in between.
  private var isInStream = false
  /// A place whose line is known, the last one that was asked for.
  private var known = (offset: 0, line: 1)

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// Passes by a JSON value.
  mutating func move(to offset: Int) {
    position = offset
    isInStream = true
  }

  /// The line of a place, from 1. Cheap for places that come one after the other.
  mutating func line(at offset: Int) -> Int {
    if offset < known.offset { known = (0, 1) }
    var (place, line) = known
    while let end = lineEnd(from: place), end < offset {
      place = end + 1
      line += 1
    }
    known = (place, line)
    return line
  }

  /// Passes by blank lines, comments, byte order marks and markers up to the next document's content.
  mutating func nextDocument() throws(YAMLError) -> Start? {
    var text: Int?
    var isLineStart = position == 0 || bytes[position - 1] == UInt8(ascii: "\n")
    while position < bytes.count {
      if hasMark(at: position) {
        position += 3
        if isLineStart { text = nil }
        continue
      }
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\n"):
        position += 1
        (isLineStart, text) = (true, nil)
        continue
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
        // Indentation counts.
        if isLineStart, text == nil { text = position }
        isLineStart = false
        position += 1
        continue
      case UInt8(ascii: "#"):
        position = lineEnd(from: position) ?? bytes.count
        continue
      default: break
      }
      if isLineStart, let marker = marker(at: position) {
        text = marker == .begin ? position : nil
        isInStream = false
        position += 3
        isLineStart = false
        continue
      }
      return Start(
        text: text ?? position, content: position,
        mayBeJSON: isInStream || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "["),
        hasDirective: isLineStart && byte == UInt8(ascii: "%"))
    }
    return nil
  }

  /// Passes by the document; the part of the text that it is.
  ///
  /// - Throws: where a byte order mark shows that another file was put behind one without `---` between them: read as
  ///   one document, the keys of the first would be lost.
  mutating func takeDocument(_ start: Start) throws(YAMLError) -> Range<Int> {
    isInStream = false
    var place = start.content
    var hasBegun = !start.hasDirective
    while let end = lineEnd(from: place) {
      place = end + 1
      var next = place
      while hasMark(at: next) { next += 3 }
      switch marker(at: next) {
      case .begin where !hasBegun: hasBegun = true
      case .some:
        position = place
        return start.text..<place
      case nil where next > place:
        if leadsToMarker(from: next) {
          position = place
          return start.text..<place
        }
        throw YAMLError(
          line: line(at: place),
          reason: "a byte order mark is in the middle of a document: files were put together without '---' between them"
        )
      case nil: break
      }
    }
    position = bytes.count
    return start.text..<bytes.count
  }

  /// Whether nothing but comments stands before the next document.
  private func leadsToMarker(from offset: Int) -> Bool {
    var place = offset
    while place < bytes.count {
      if marker(at: place) != nil { return true }
      var content = place
      while content < bytes.count, [0x20, 0x09, 0x0d].contains(bytes[content]) { content += 1 }
      guard content == bytes.count || bytes[content] == 0x0a || bytes[content] == UInt8(ascii: "#") else {
        return false
      }
      place = lineEnd(from: place).map { $0 + 1 } ?? bytes.count
    }
    return true
  }

  private enum Marker { case begin, end }

  /// `---` or `...` before a space or the line's end; kubectl takes a comment right behind `---` too.
  private func marker(at offset: Int) -> Marker? {
    guard offset + 3 <= bytes.count else { return nil }
    let byte = bytes[offset]
    guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: "."), bytes[offset + 1] == byte, bytes[offset + 2] == byte,
      offset + 3 == bytes.count || [0x20, 0x09, 0x0d, 0x0a].contains(bytes[offset + 3])
        || (byte == UInt8(ascii: "-") && bytes[offset + 3] == UInt8(ascii: "#"))
    else { return nil }
    return byte == UInt8(ascii: "-") ? .begin : .end
  }

  private func hasMark(at offset: Int) -> Bool {
    offset + 3 <= bytes.count && bytes[offset] == 0xef && bytes[offset + 1] == 0xbb && bytes[offset + 2] == 0xbf
  }

  /// Where the line ends that `offset` is in; nil for the last line.
  private func lineEnd(from offset: Int) -> Int? {
    guard offset < bytes.count, let base = bytes.baseAddress,
      let end = memchr(base + offset, 0x0a, bytes.count - offset)
    else { return nil }
    return end - UnsafeMutableRawPointer(mutating: base)
  }
}
