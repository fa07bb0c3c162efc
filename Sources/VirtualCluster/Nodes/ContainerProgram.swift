/// What a container runs, as far as a virtual node knows programs.
struct ContainerProgram {
  enum Course: Hashable {
    case exits(code: Int, after: Duration)
    case runsOn
  }

  private let words: [String]

  /// - Parameter words: `command` and `args`; empty for the image's own program.
  init(_ words: [String]) { self.words = words }

  /// Prepull's own program out of the ConfigMap.
  var isTouch: Bool { ["/prepull/touch", Self.windowsTouch].contains(words.first) }

  private static let windowsTouch = "C:\\prepull\\touch.exe"

  /// Whether nodes of the operating system can start it at all: one of Linux has no drives, one of Windows no ELF.
  func canStart(on system: String) -> Bool { !isTouch || (words.first == Self.windowsTouch) == (system == "windows") }

  /// `touch`, `true`, `false`, `sleep N` and `sh -c "exit N"` end; everything else runs until it is stopped.
  var course: Course {
    if isTouch { return words.dropFirst().first == "hold" ? .runsOn : .exits(code: 0, after: .zero) }
    let program = words.first?.split(separator: "/").last
    switch program {
    case "true": return .exits(code: 0, after: .zero)
    case "false": return .exits(code: 1, after: .zero)
    case "sleep":
      return words.dropFirst().first.flatMap(Int.init).map { .exits(code: 0, after: .seconds($0)) } ?? .runsOn
    default:
      let last = words.last?.split(separator: " ") ?? []
      guard words.contains("-c"), last.count == 2, last[0] == "exit", let code = Int(last[1]) else { return .runsOn }
      return .exits(code: code, after: .zero)
    }
  }
}
