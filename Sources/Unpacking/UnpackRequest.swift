/// What a child is started with.
struct UnpackRequest: Equatable {
  let compression: LayerCompression
  let isLowest: Bool
  let limits: UnpackLimits

  var arguments: [String] {
    [
      compression.rawValue, isLowest ? "lowest" : "upper", String(limits.bytes), String(limits.files),
      String(limits.seconds),
    ]
  }
}

extension UnpackRequest {
  init?(arguments: [String]) {
    guard arguments.count == 5, let compression = LayerCompression(rawValue: arguments[0]),
      ["lowest", "upper"].contains(arguments[1]), let bytes = Int64(arguments[2]), let files = Int(arguments[3]),
      let seconds = Int(arguments[4]), min(bytes, Int64(files), Int64(seconds)) > 0
    else { return nil }
    self.init(
      compression: compression, isLowest: arguments[1] == "lowest",
      limits: UnpackLimits(bytes: bytes, files: files, seconds: seconds))
  }
}
