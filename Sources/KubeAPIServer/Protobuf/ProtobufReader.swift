import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads `application/vnd.kubernetes.protobuf` into JSON; what it does not know it refuses rather than lose it.
struct ProtobufReader {
  private static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0x00]

  private var bytes: ArraySlice<UInt8>

  /// The object in an envelope (`k8s\0`, then a `runtime.Unknown`); throws 400 or 415.
  static func object(_ body: [UInt8]) throws(StatusError) -> JSON {
    guard body.starts(with: magic) else { throw .badRequest("the body is no Protobuf of Kubernetes") }
    var envelope = ProtobufReader(bytes: body.dropFirst(magic.count))
    var apiVersion = ""
    var kind = ""
    var raw: ArraySlice<UInt8> = []
    while let field = try envelope.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)):
        var type = ProtobufReader(bytes: bytes)
        while let field = try type.next() {
          guard case .bytes(let text) = field.value else { continue }
          if field.number == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
          if field.number == 2 { kind = String(decoding: text, as: UTF8.self) }
        }
      case (2, .bytes(let bytes)): raw = bytes
      default: break
      }
    }
    var reader = ProtobufReader(bytes: raw)
    var object = try reader.message(kind)
    object["apiVersion"] = .string(apiVersion)
    object["kind"] = .string(kind)
    return object
  }

  private init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  private enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private static let fault = StatusError.badRequest("the body's Protobuf is broken")

  private mutating func next() throws(StatusError) -> (number: Int, value: Value)? {
    if bytes.isEmpty { return nil }
    let tag = try number()
    switch tag & 7 {
    case 0: return (Int(tag >> 3), .number(try number()))
    case 2:
      let count = Int(clamping: try number())
      guard count <= bytes.count else { throw Self.fault }
      defer { bytes = bytes.dropFirst(count) }
      return (Int(tag >> 3), .bytes(bytes.prefix(count)))
    default: throw Self.fault
    }
  }

  private mutating func number() throws(StatusError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = bytes.popFirst() else { throw Self.fault }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw Self.fault
  }

  private mutating func message(_ name: String) throws(StatusError) -> JSON {
    guard let shapes = ProtobufShapes.messages[name] else { throw Self.unknown(name) }
    var object: JSON = [:]
    while let (number, value) = try next() {
      guard let field = shapes[number] else { throw Self.unknown("field \(number) of \(name)") }
      if field.name == "_" { continue }
      switch field.shape {
      case .list(let shape):
        object[field.name] = .array((object[field.name]?.array ?? []) + [try Self.value(value, shape)])
      case .map(let shape):
        guard case .bytes(let bytes) = value else { throw Self.fault }
        var entry = ProtobufReader(bytes: bytes)
        var key = ""
        var content = shape.empty
        while let (number, value) = try entry.next() {
          if number == 1, case .bytes(let text) = value { key = String(decoding: text, as: UTF8.self) }
          if number == 2 { content = try Self.value(value, shape) }
        }
        object[path: field.name, key] = content
      default:
        let read = try Self.value(value, field.shape)
        // Protobuf of Kubernetes writes empty texts and times, JSON leaves them out.
        if read == "" || read == .null { continue }
        object[field.name] = read
      }
    }
    return object
  }

  private static func value(_ value: Value, _ shape: ProtobufShapes.Shape) throws(StatusError) -> JSON {
    switch (shape, value) {
    case (.integer, .number(let number)): return .integer(Int64(bitPattern: number))
    case (.flag, .number(let number)): return .bool(number != 0)
    case (.string, .bytes(let bytes)): return .string(String(decoding: bytes, as: UTF8.self))
    case (.bytes, .bytes(let bytes)): return .string(Data(bytes).base64EncodedString())
    case (.message(let name), .bytes(let bytes)):
      var reader = ProtobufReader(bytes: bytes)
      return try reader.message(name)
    case (.time, .bytes(let bytes)):
      var reader = ProtobufReader(bytes: bytes)
      while let (number, value) = try reader.next() {
        guard number == 1, case .number(let seconds) = value, seconds > 0 else { continue }
        let date = Date(timeIntervalSince1970: Double(Int64(bitPattern: seconds)))
        // Go's zero time is far before this.
        if date.timeIntervalSince1970 > 0 { return .string(date.formatted(.iso8601)) }
      }
      return .null
    case (.quantity, .bytes(let bytes)):
      var reader = ProtobufReader(bytes: bytes)
      guard let (_, value) = try reader.next(), case .bytes(let text) = value else { return "0" }
      return .string(String(decoding: text, as: UTF8.self))
    default: throw fault
    }
  }

  private static func unknown(_ what: String) -> StatusError {
    StatusError(
      415, "UnsupportedMediaType", "the sandbox does not read \(what) in Protobuf: send application/json")
  }
}

extension ProtobufShapes.Shape {
  /// What a map's entry without a value means.
  fileprivate var empty: JSON { "" }
}
