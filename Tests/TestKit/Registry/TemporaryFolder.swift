import Foundation

/// Makes a folder under the system's temporary folder, and removes it with all that is in it after `body`.
package func withTemporaryFolder<Result>(
  _ name: String = "prepull", _ body: (String) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString.prefix(8))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder.path(percentEncoded: false))
}
