import CYaml

/// What libyaml, the parser within Yams, finds in a text, one after the other.
///
/// Yams' own tree refuses a key that stands twice, which kubectl takes.
final class YAMLEvents {
  enum Event {
    case scalar(text: String, tag: String?, isPlain: Bool, anchor: String?)
    case alias(String)
    case sequenceStart(anchor: String?)
    case mappingStart(anchor: String?)
    case sequenceEnd, mappingEnd, documentStart, streamEnd
    case other
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let bytes: UnsafeBufferPointer<UInt8>
  private let firstLine: Int
  /// Of the last event, from 1.
  private(set) var line: Int

  /// - Parameter bytes: have to be there as long as this is.
  init(_ bytes: UnsafeBufferPointer<UInt8>, firstLine: Int) {
    self.bytes = bytes
    self.firstLine = firstLine
    line = firstLine
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    yaml_parser_initialize(parser)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  func next() throws(YAMLError) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
    defer { yaml_event_delete(&event) }
    line = firstLine + Int(event.start_mark.line)
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return .scalar(
        text: text, tag: Self.text(scalar.tag), isPlain: scalar.plain_implicit != 0, anchor: Self.text(scalar.anchor))
    case YAML_ALIAS_EVENT: return .alias(Self.text(event.data.alias.anchor) ?? "")
    case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: Self.text(event.data.sequence_start.anchor))
    case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: Self.text(event.data.mapping_start.anchor))
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_STREAM_END_EVENT: return .streamEnd
    default: return .other
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(decodingCString: $0, as: UTF8.self) }
  }

  private func fault() -> YAMLError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it is not YAML"
    if parser.pointee.error == YAML_READER_ERROR {
      let lines = bytes.prefix(parser.pointee.problem_offset).count { $0 == 0x0a }
      return YAMLError(line: firstLine + lines, reason: problem)
    }
    let number = Int(parser.pointee.problem_mark.line)
    let isTab =
      (problem.contains("cannot start any token") || problem.contains("tab character"))
      && Self.line(number, of: bytes).contains(UInt8(ascii: "\t"))
    let context = parser.pointee.context.map { "\(String(cString: $0)): " } ?? ""
    return YAMLError(
      line: firstLine + number,
      reason: isTab ? "it is indented with a tab, where YAML takes spaces only" : context + problem)
  }

  private static func line(_ number: Int, of bytes: UnsafeBufferPointer<UInt8>) -> Slice<UnsafeBufferPointer<UInt8>> {
    var rest = bytes[...]
    for _ in 0..<number {
      guard let end = rest.firstIndex(of: 0x0a) else { return rest.suffix(0) }
      rest = rest[(end + 1)...]
    }
    return rest.prefix { $0 != 0x0a }
  }
}
