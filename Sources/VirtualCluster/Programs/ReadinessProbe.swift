import AsyncHTTPClient
import Documents
import NIOCore
import NIOHTTP1

/// A container's `readinessProbe` with `httpGet`; other probes are not made.
struct ReadinessProbe: Sendable {
  let url: String
  let recorder: StoreEventRecorder
  let fieldPath: String
  let pace: Pace
  private let initialDelay: Duration
  private let period: Duration
  private let timeout: TimeAmount
  private let failureThreshold: Int
  private let successThreshold: Int

  /// Nil for a container without such a probe.
  init?(_ container: JSON, address: String, recorder: StoreEventRecorder, fieldPath: String, pace: Pace) {
    guard let probe = container["readinessProbe"], let get = probe["httpGet"] else { return nil }
    let port: Int64? =
      get["port"]?.integer
      ?? container["ports"]?.array?.first { $0["name"] == get["port"] }?["containerPort"]?.integer
    guard let port else { return nil }
    let path = get["path"]?.string ?? "/"
    url = "http://\(get["host"]?.string ?? address):\(port)\(path.hasPrefix("/") ? "" : "/")\(path)"
    self.recorder = recorder
    self.fieldPath = fieldPath
    self.pace = pace
    func number(_ field: String, _ otherwise: Int64) -> Int64 { probe[field]?.integer ?? otherwise }
    initialDelay = .seconds(number("initialDelaySeconds", 0))
    period = .seconds(number("periodSeconds", 10))
    timeout = .seconds(number("timeoutSeconds", 1))
    failureThreshold = Int(number("failureThreshold", 3))
    successThreshold = Int(number("successThreshold", 1))
  }

  /// Asks until it is cancelled, and tells when the answer counts.
  func watch(_ tell: @Sendable (Bool) -> Void) async {
    var (isReady, run, last) = (false, 0, false)
    try? await pace.sleep(initialDelay)
    while !Task.isCancelled {
      let problem = await problem()
      if Task.isCancelled { return }
      let isGood = problem == nil
      run = isGood == last ? run + 1 : 1
      last = isGood
      if isGood != isReady, run >= (isGood ? successThreshold : failureThreshold) {
        isReady = isGood
        tell(isReady)
      }
      if let problem { recorder.warning("Unhealthy", "Readiness probe failed: \(problem)", container: fieldPath) }
      // A program that is only starting is asked more often than its probe says.
      try? await pace.sleep(isReady ? period : min(period, .seconds(1)))
    }
  }

  private func problem() async -> String? {
    do {
      let answer = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: timeout)
      return (200..<400).contains(answer.status.code) ? nil : "HTTP probe failed with statuscode: \(answer.status.code)"
    } catch {
      return "Get \"\(url)\": connect: connection refused"
    }
  }
}
