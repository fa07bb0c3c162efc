package import NIOCore
import NIOPosix
package import NIOSSL

#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// Finds out why a server's certificate was refused: BoringSSL says no more than that verification failed.
///
/// It looks at the certificate once more, over a connection on which nothing is sent, to tell an expired certificate
/// from an unknown authority.
package enum CertificateProbe {
  /// The reason if it lies in the certificate's dates.
  ///
  /// - Parameters:
  ///   - name: that the certificate should bear, where it is not the host's.
  ///   - limit: of connecting, and then of waiting for the certificate.
  package static func explanation(
    of address: HostAddress, _ tls: TLSConfiguration, name: String? = nil, limit: TimeAmount, now: Date
  ) async -> String? {
    guard let (from, to) = try? await fetch(address, tls, name: name, limit) else { return nil }
    if to < now { return "the certificate of \(address) expired on \(day(to))" }
    if from > now {
      return "the certificate of \(address) is not valid before \(day(from)); is the clock of this machine right?"
    }
    return nil
  }

  private static func day(_ date: Date) -> String { date.formatted(.iso8601.year().month().day()) }

  private typealias Dates = (from: Date, to: Date)

  private static func fetch(
    _ address: HostAddress, _ tls: TLSConfiguration, name: String?, _ limit: TimeAmount
  ) async throws -> Dates? {
    let context = try NIOSSLContext(configuration: tls)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let found = loop.makePromise(of: Dates?.self)
    let name = name ?? (address.address == nil ? address.host : nil)
    let channel = try await ClientBootstrap(group: loop)
      .connectTimeout(limit)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = try NIOSSLClientHandler(context: context, serverHostname: name) {
            certificates, verdict -> Void in
            found.succeed(
              certificates.first.map {
                (
                  Date(timeIntervalSince1970: TimeInterval($0.notValidBefore)),
                  Date(timeIntervalSince1970: TimeInterval($0.notValidAfter))
                )
              })
            verdict.succeed(NIOSSLVerificationResult.failed)
          }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .connect(host: address.host, port: address.port ?? 443)
      .flatMapError { error in
        found.succeed(nil)
        return loop.makeFailedFuture(error)
      }
      .get()
    channel.closeFuture.whenComplete { _ in found.succeed(nil) }
    let end = loop.scheduleTask(in: limit) { channel.close(promise: nil) }
    defer {
      end.cancel()
      channel.close(promise: nil)
    }
    return try await found.futureResult.get()
  }
}
