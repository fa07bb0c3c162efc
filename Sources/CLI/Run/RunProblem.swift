import Workloads
import Documents
import Kubernetes

/// An error that ends a run before it has a result; programs get it as the event `error`.
protocol RunProblem: Error {
  var members: [(String, JSON)] { get }
}

extension APIError: RunProblem {
  var members: [(String, JSON)] {
    [("code", .string(code.rawValue)), ("message", .string(detail)), ("remedy", .string(remedy))]
  }
}

extension WorkloadError: RunProblem {
  var members: [(String, JSON)] { [("code", .string(code.rawValue)), ("message", .string(description))] }
}
