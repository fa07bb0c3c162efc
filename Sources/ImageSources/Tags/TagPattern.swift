/// A regular expression over tags, in the syntax that Go's and Kubernetes' users know (RE2), as far as tags need it.
///
/// Matching takes time in proportion to the length of the tag, whatever the expression: it is others who write them, and
/// an engine that tries one way after the other can be made to take for ever. Source: Pike's machine, as in Cox,
/// "Regular Expression Matching: the Virtual Machine Approach".
struct TagPattern: Hashable, Sendable {
  struct Fault: Error, Hashable, CustomStringConvertible {
    let description: String
  }

  /// Characters, by code.
  struct Class: Hashable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    mutating func insert(_ byte: UInt8) {
      if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
    }

    func contains(_ byte: UInt8) -> Bool {
      byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte - 64) & 1 == 1
    }

    mutating func formUnion(_ other: Class) {
      low |= other.low
      high |= other.high
    }

    var inverse: Class {
      var other = self
      (other.low, other.high) = (~low, ~high)
      return other
    }
  }

  enum Instruction: Hashable, Sendable {
    case one(Class)
    case jump(Int)
    /// The first is tried first.
    case split(Int, Int)
    /// Notes where the first group begins (0) and ends (1).
    case mark(Int)
    case begin, end
    case match
  }

  static let longestText = 512
  static let longestProgram = 2000

  let text: String
  private let program: [Instruction]
  /// Whether it has a group, whose text then is what counts.
  let hasGroup: Bool

  init(parsing text: String) throws(Fault) {
    guard text.utf8.count <= Self.longestText else {
      throw Fault(description: "it is longer than \(Self.longestText) characters")
    }
    var parser = TagPatternParser(Array(text.utf8))
    let tree = try parser.parse()
    var compiler = TagPatternCompiler()
    program = try compiler.program(of: tree)
    hasGroup = parser.hasGroup
    self.text = text
  }

  /// Where `tag` matches, anywhere in it unless the expression says otherwise: the text of the first group, or all that
  /// matches where there is none. Nil where it does not match, or the group is not part of it.
  func firstMatch(in tag: String) -> Substring? {
    var machine = Machine(program: program, bytes: Array(tag.utf8))
    guard let found = machine.run() else { return nil }
    let range = hasGroup ? found.group : found.whole
    guard let range else { return nil }
    let start = tag.utf8.index(tag.startIndex, offsetBy: range.lowerBound)
    return tag[start..<tag.utf8.index(tag.startIndex, offsetBy: range.upperBound)]
  }

  private struct Thread {
    var place: Int
    var start: Int
    var marks: [Int] = [-1, -1]
  }

  private struct Machine {
    let program: [Instruction]
    let bytes: [UInt8]
    private var seen: [Int]

    init(program: [Instruction], bytes: [UInt8]) {
      self.program = program
      self.bytes = bytes
      seen = Array(repeating: -1, count: program.count)
    }

    mutating func run() -> (whole: Range<Int>, group: Range<Int>?)? {
      var threads: [Thread] = []
      var found: (whole: Range<Int>, group: Range<Int>?)?
      for position in 0...bytes.count {
        // Those that began earlier come first; once one has matched, no later one begins.
        var next: [Thread] = []
        if found == nil { add(Thread(place: 0, start: position), at: position, to: &threads) }
        let byte = position < bytes.count ? bytes[position] : nil
        var moved: [Thread] = []
        search: for thread in threads {
          switch program[thread.place] {
          case .one(let set):
            if let byte, set.contains(byte) {
              moved.append(Thread(place: thread.place + 1, start: thread.start, marks: thread.marks))
            }
          case .match:
            let group = thread.marks[0] >= 0 && thread.marks[1] >= thread.marks[0]
            found = (thread.start..<position, group ? thread.marks[0]..<thread.marks[1] : nil)
            break search
          default: break
          }
        }
        for thread in moved { add(thread, at: position + 1, to: &next) }
        threads = next
        if threads.isEmpty, found != nil { break }
      }
      return found
    }

    /// Follows what needs no character.
    private mutating func add(_ thread: Thread, at position: Int, to threads: inout [Thread]) {
      var open = [thread]
      while var thread = open.popLast() {
        guard seen[thread.place] != position else { continue }
        seen[thread.place] = position
        switch program[thread.place] {
        case .jump(let place):
          thread.place = place
          open.append(thread)
        case .split(let first, let second):
          var other = thread
          other.place = second
          thread.place = first
          open += [other, thread]
        case .mark(let index):
          thread.marks[index] = position
          thread.place += 1
          open.append(thread)
        case .begin, .end:
          guard program[thread.place] == .begin ? position == 0 : position == bytes.count else { continue }
          thread.place += 1
          open.append(thread)
        case .one, .match: threads.append(thread)
        }
      }
    }
  }
}
