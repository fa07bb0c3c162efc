package import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The bytes of a request's body: JSON that means the same to a reader of YAML 1.1.
///
/// API servers read apply configurations with Go's sigs.k8s.io/yaml, JSON or not: `\/` is an unknown escape there
/// (400), control characters are refused, and U+0085, U+2028 and U+2029 are line breaks that become spaces.
/// Every body goes through here; a test of the architecture forbids other encoders.
package enum RequestBody {
  package static func bytes(of object: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return plain(Array(try encoder.encode(object)))
  }

  package static func bytes(of json: JSON) -> [UInt8] { plain(json.bytes()) }

  /// JSON in which everything that YAML 1.1 reads otherwise is written as `\uXXXX`. Such characters are in JSON's texts
  /// only.
  static func plain(_ json: [UInt8]) -> [UInt8] {
    // Nearly all bodies are ASCII.
    guard json.contains(where: { $0 >= 0x7f }) else { return json }
    var output: [UInt8] = []
    output.reserveCapacity(json.count + 16)
    var index = 0
    while index < json.count {
      let (scalar, length) = special(json[index...])
      if let scalar {
        let digits = String(scalar, radix: 16)
        output += Array("\\u".utf8) + Array(String(repeating: "0", count: 4 - digits.count).utf8) + Array(digits.utf8)
      } else {
        output += json[index..<index + length]
      }
      index += length
    }
    return output
  }

  /// The scalar at the start, where it has to be escaped, and the bytes to go on by.
  private static func special(_ bytes: ArraySlice<UInt8>) -> (scalar: UInt16?, length: Int) {
    let (first, second, third) = (
      bytes[bytes.startIndex], bytes.dropFirst().first ?? 0, bytes.dropFirst(2).first ?? 0
    )
    return switch (first, second, third) {
    case (0x7f, _, _): (0x7f, 1)
    case (0xc2, 0x80..<0xa0, _): (UInt16(second), 2)
    case (0xe2, 0x80, 0xa8), (0xe2, 0x80, 0xa9): (0x2000 + UInt16(third & 0x3f), 3)
    case (0xef, 0xbb, 0xbf): (0xfeff, 3)
    case (0xef, 0xbf, 0xbe), (0xef, 0xbf, 0xbf): (0xffc0 + UInt16(third & 0x3f), 3)
    default: (nil, 1)
    }
  }
}
