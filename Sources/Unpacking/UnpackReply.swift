import Documents
import ImageModel

/// What a child says at its end: one line of JSON. Names are hexadecimal, since they need not be text.
enum UnpackReply {
  struct Layer {
    var diffID: Digest
    var bytes: Int64
    var files: Int
    var implicit: Set<[UInt8]>
    var opaque: Set<[UInt8]>
  }

  case unpacked(Layer)
  case failed(UnpackError)

  var bytes: [UInt8] {
    let json: JSON =
      switch self {
      case .unpacked(let layer):
        [
          "diffID": .string(layer.diffID.description), "bytes": .integer(layer.bytes),
          "files": .integer(Int64(layer.files)), "implicit": Self.names(layer.implicit),
          "opaque": Self.names(layer.opaque),
        ]
      case .failed(let error): ["error": .string(error.code.rawValue), "message": .string(error.message)]
      }
    return json.bytes(sorted: true) + [UInt8(ascii: "\n")]
  }

  /// Reads what a child said. It may have been taken over, so nothing of it is believed to be right.
  init(parsing bytes: [UInt8]) throws(UnpackError) {
    let wrong = UnpackError(.child, "the process that unpacks layers gave no answer that makes sense")
    guard bytes.last == UInt8(ascii: "\n"), let json = try? JSON(parsing: bytes.dropLast()) else { throw wrong }
    if let code = json["error"]?.string {
      guard let code = UnpackError.Code(rawValue: code), let message = json["message"]?.string else { throw wrong }
      self = .failed(UnpackError(code, ForeignText.clean(message)))
      return
    }
    guard let digest = json["diffID"]?.string, let diffID = try? Digest(parsing: digest),
      let bytes = json["bytes"]?.integer, let files = json["files"]?.integer,
      let implicit = Self.names(json["implicit"]), let opaque = Self.names(json["opaque"])
    else { throw wrong }
    self = .unpacked(
      Layer(diffID: diffID, bytes: bytes, files: Int(files), implicit: implicit, opaque: opaque))
  }

  private static func names(_ names: Set<[UInt8]>) -> JSON {
    .array(
      names.map {
        .string(String(decoding: $0.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
      })
  }

  private static func names(_ json: JSON?) -> Set<[UInt8]>? {
    guard let array = json?.array else { return nil }
    var names: Set<[UInt8]> = []
    for element in array {
      guard let text = element.string, text.utf8.count % 2 == 0 else { return nil }
      let values = text.utf8.compactMap { digits.firstIndex(of: $0) }
      guard values.count == text.utf8.count else { return nil }
      names.insert(stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) })
    }
    return names
  }

  private static let digits = Array("0123456789abcdef".utf8)
}
