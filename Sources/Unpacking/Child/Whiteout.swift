/// What a name that begins with `.wh.` takes away (OCI image specification, layer.md, "Whiteouts").
enum Whiteout {
  /// Everything that lower layers have in the folder.
  case opaque
  case file([UInt8])

  static let prefix = Array(".wh.".utf8)

  init(_ name: [UInt8], in folder: [UInt8]) throws(UnpackError) {
    if name == Array(".wh..wh..opq".utf8) {
      self = .opaque
      return
    }
    let hidden = Array(name.dropFirst(Self.prefix.count))
    guard !["", ".", ".."].contains(where: { $0.utf8.elementsEqual(hidden) }) else {
      throw UnpackError(.layer, "the whiteout \(UnpackError.shown(FolderPath.join(folder, name))) names no file")
    }
    self = .file(hidden)
  }
}
