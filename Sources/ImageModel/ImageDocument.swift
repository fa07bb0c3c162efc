package import Documents

/// A document of the image format, or a part of one. See `Fields` for how it is read.
package protocol ImageDocument: Decodable {
  init(_ json: JSON) throws(DocumentFault)
}

extension ImageDocument {
  package init(parsing bytes: some Collection<UInt8>) throws(DocumentFault) {
    let json: JSON
    do {
      json = try JSON(parsing: bytes)
    } catch {
      throw DocumentFault(description: "it is \(error)")
    }
    try self.init(json)
  }

  package init(from decoder: any Decoder) throws {
    try self.init(JSON(from: decoder))
  }
}
