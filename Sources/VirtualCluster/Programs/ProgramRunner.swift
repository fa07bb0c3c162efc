import Documents
import ImageModel
import Kubernetes
import Synchronization

/// Runs the programs that containers have in this process; ends them all with its own task.
final class ProgramRunner: Sendable {
  private let programs: [String: SandboxProgram]
  /// Second number of the pods' addresses: two sandboxes on one machine rarely share theirs.
  private let network = Int.random(in: 1...254)
  private let processes: AsyncStream<ProgramProcess>
  private let starts: AsyncStream<ProgramProcess>.Continuation
  /// By the pod's uid, the number of its address.
  private let addresses = Mutex<[String: Int]>([:])
  private let logs = Mutex<[String: ProgramLog]>([:])
  private let access = Mutex<Access?>(nil)
  private let tokens = Mutex<Tokens?>(nil)

  /// How a container reaches the cluster, from its specification and its pod; nil without a service account's token.
  typealias Access = @Sendable (_ container: JSON, _ pod: JSON) -> ClusterConfiguration?

  /// The token at a path of a container; nil where none is mounted.
  typealias Tokens = @Sendable (_ path: String, _ container: JSON, _ pod: JSON) -> String?

  /// - Parameter images: references by the programs' names.
  init(_ programs: [SandboxProgram], images: [String: String]) {
    var found: [String: SandboxProgram] = [:]
    for program in programs {
      if let reference = images[program.name].flatMap({ try? Reference(parsing: $0) }) {
        found[Self.key(reference)] = program
      }
    }
    self.programs = found
    (processes, starts) = AsyncStream.makeStream()
  }

  private static func key(_ reference: Reference) -> String { "\(reference.registry)/\(reference.repository)" }

  func run() async {
    await withDiscardingTaskGroup { group in
      for await process in processes { group.addTask { await process.run() } }
      group.cancelAll()
    }
  }

  /// The program that a container runs, and its arguments; nil where it runs none of ours.
  func program(of container: PodPlan.Container) -> (program: SandboxProgram, arguments: [String])? {
    guard !programs.isEmpty, let reference = container.reference,
      let program = programs[Self.key(reference)]
    else { return nil }
    guard container.hasCommand else { return (program, container.program) }
    guard container.program.first?.split(separator: "/").last.map(String.init) == program.file else { return nil }
    return (program, Array(container.program.dropFirst()))
  }

  func grant(_ access: @escaping Access, tokens: @escaping Tokens) {
    self.access.withLock { $0 = access }
    self.tokens.withLock { $0 = tokens }
  }

  func token(at path: String, _ container: JSON, _ pod: JSON) -> String? {
    tokens.withLock { $0 }?(path, container, pod)
  }

  func configuration(_ container: JSON, _ pod: JSON) -> ClusterConfiguration? {
    access.withLock { $0 }?(container, pod)
  }

  func start(_ process: ProgramProcess) { starts.yield(process) }

  /// An address that this machine answers on and no other pod of the sandbox has until it is forgotten.
  func address(of pod: String) -> String {
    let number = addresses.withLock { addresses in
      if let known = addresses[pod] { return known }
      let taken = Set(addresses.values)
      let free = (0..<60_000).first { !taken.contains($0) } ?? 0
      addresses[pod] = free
      return free
    }
    #if os(Linux)
      return "127.\(network).\(number / 250 + 1).\(number % 250 + 2)"
    #else
      return number >= 0 ? "127.0.0.1" : ""
    #endif
  }

  /// Where a container's output goes; kept over its restarts.
  func log(pod uid: String, container: String) -> ProgramLog {
    logs.withLock { logs in
      let key = "\(uid)/\(container)"
      let log = logs[key] ?? ProgramLog()
      logs[key] = log
      return log
    }
  }

  func text(pod uid: String, container: String) -> String? {
    logs.withLock { $0["\(uid)/\(container)"] }?.text
  }

  func forget(pod uid: String) {
    addresses.withLock { $0[uid] = nil }
    logs.withLock { logs in for key in logs.keys where key.hasPrefix(uid) { logs[key] = nil } }
  }
}

/// The last of what a program printed.
final class ProgramLog: Sendable {
  private static let limit = 1 << 20
  private let bytes = Mutex<[UInt8]>([])

  func append(_ text: String) {
    bytes.withLock { bytes in
      bytes.append(contentsOf: text.utf8)
      if bytes.count > 2 * Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
    }
  }

  var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
