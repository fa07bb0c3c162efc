import Foundation
package import KubeAPIServer

extension CertificateAuthority {
  /// Writes the authority's certificate into `folder`; returns the path of the file.
  package func writeAuthority(to folder: String) throws -> String {
    let path = folder + "/authority.pem"
    try Data(authorityPEM.utf8).write(to: URL(filePath: path))
    return path
  }
}
