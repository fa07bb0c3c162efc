package import Kubernetes
package import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The pull secrets that pods name: whether they are there, and, where that is asked for, what they are good for.
package struct PullSecretSurvey: Sendable {
  package var findings: [CheckFinding] = []
  /// What the secrets hold; nil when they were not read.
  package var credentials: PullSecretCredentials?
  /// Names of the secrets that are not there or may not be looked at.
  package var unread: [String] = []

  package init() {}

  /// - Parameter reads: gets the secrets, with the rights of the user; else only their metadata is asked for.
  /// - Throws: `APIError` when the API server cannot be asked.
  package static func look(
    at secrets: [(namespace: String, name: String)], _ client: KubernetesClient, reads: Bool
  ) async throws -> PullSecretSurvey {
    var survey = PullSecretSurvey()
    var contents: [(name: String, bytes: [UInt8], isLegacy: Bool)] = []
    for (namespace, name) in secrets {
      do {
        guard reads else {
          _ = try await client.metadata(of: DynamicResource(Secret.self), name, in: namespace)
          continue
        }
        let data = try await client.get(Secret.self, name, in: namespace).data
        let modern = data?[".dockerconfigjson"]
        if let text = modern ?? data?[".dockercfg"], let bytes = Data(base64Encoded: text) {
          contents.append((name, Array(bytes), modern == nil))
        } else {
          survey.add(
            .wrongSecret, "the secret \(name) in the namespace \(namespace) holds no registry credentials",
            "Make it with kubectl create secret docker-registry.")
        }
      } catch let error as APIError where error.code == .notFound {
        survey.unread.append(name)
        survey.add(
          .noSecret, "there is no secret \(name) in the namespace \(namespace)",
          "Create it there (kubectl create secret docker-registry \(name) -n \(namespace) …), or leave it out.")
      } catch let error as APIError where error.code == .forbidden {
        if reads { survey.unread.append(name) }
        survey.add(
          .secretUnknown, "whether the secret \(name) is there cannot be checked: you may not get secrets",
          reads ? "Ask for the permission to get this secret, or leave out --read-secrets." : "Ask for the permission.")
      }
    }
    guard reads, !secrets.isEmpty else { return survey }
    do {
      survey.credentials = try PullSecretCredentials(contents)
    } catch {
      survey.credentials = try? PullSecretCredentials([])
      survey.add(.wrongSecret, "\(error.subject): \(error.detail)", error.remedy)
    }
    return survey
  }

  private mutating func add(_ code: CheckCode, _ detail: String, _ remedy: String) {
    findings.append(CheckFinding(code, detail, remedy))
  }
}
