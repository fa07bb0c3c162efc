import Foundation
import Hummingbird
import Subprocess
import Synchronization
import SystemPackage
import VirtualCluster

/// Runs Debian's Prometheus on a free loopback port, with its data in a folder of its own, and a target that it scrapes.
package func withRealPrometheus<Result: Sendable>(
  _ body: (RealPrometheus) async throws -> Result
) async throws -> Result {
  let content = ScrapedText()
  return try await withLoopbackServer(
    respond: { _ in
      .plain(200, headers: [("Content-Type", "text/plain; version=0.0.4")], body: Array(content.text.utf8))
    },
    { target in
      try await withTemporaryFolder("prom") { folder in
        let configuration = """
          global: {scrape_interval: 1s, scrape_timeout: 1s}
          scrape_configs:
          - {job_name: kube-state-metrics, honor_labels: true, static_configs: [{targets: ["127.0.0.1:\(target)"]}]}

          """
        try configuration.write(toFile: folder + "/prometheus.yml", atomically: true, encoding: .utf8)
        let log = try FileDescriptor.open(
          FilePath(folder + "/log"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        let teardown: [TeardownStep] = [.gracefulShutDown(allowedDurationToNextStep: .seconds(3))]
        var options = PlatformOptions()
        options.teardownSequence = teardown
        let outcome = try await Subprocess.run(
          .name("prometheus"),
          arguments: [
            "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
            "--web.listen-address=127.0.0.1:0",
          ], platformOptions: options, input: .none, output: .discarded,
          error: .fileDescriptor(log, closeAfterSpawningProcess: true)
        ) { execution in
          do {
            let port = try await RealPrometheus.port(from: folder + "/log")
            let result = try await body(RealPrometheus(port: port, content: content))
            await execution.teardown(using: teardown)
            return result
          } catch {
            await execution.teardown(using: teardown)
            throw error
          }
        }
        return outcome.closureResult
      }
    })
}

/// What is scraped.
private final class ScrapedText: Sendable {
  private let content = Mutex("")

  var text: String {
    get { content.withLock { $0 } }
    set { content.withLock { $0 = newValue } }
  }
}

/// A running Prometheus; see `withRealPrometheus`.
package struct RealPrometheus: Sendable {
  package let port: Int
  private let content: ScrapedText

  fileprivate init(port: Int, content: ScrapedText) {
    self.port = port
    self.content = content
  }

  package var host: String { "127.0.0.1:\(port)" }
  package var url: String { "http://\(host)" }

  /// Gives the target these series from now on, in the text format of expositions.
  package func expose(_ text: String) { content.text = text }

  /// Containers of pods as kube-state-metrics tells of them: image, and how many pods have it.
  package func exposeContainers(_ images: [(spec: String, count: Int)]) {
    let lines = images.enumerated().flatMap { index, image in
      (0..<image.count).map { number in
        #"kube_pod_container_info{namespace="web",pod="p\#(index)-\#(number)",container="app","#
          + #"image="docker.io/library/\#(image.spec)",image_spec="\#(image.spec)"} 1"#
      }
    }
    expose((["# TYPE kube_pod_container_info gauge"] + lines).joined(separator: "\n") + "\n")
  }

  /// Waits until the server writes into its log where it listens, and that it is ready: until then it answers 503.
  fileprivate static func port(from log: String) async throws -> Int {
    try await eventually("Prometheus' port") {
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      guard text.contains("Server is ready to receive web requests") else { return nil }
      return text.firstMatch(of: /msg="Listening on" address=127\.0\.0\.1:(\d+)/).flatMap { Int($0.1) }
    }
  }
}
