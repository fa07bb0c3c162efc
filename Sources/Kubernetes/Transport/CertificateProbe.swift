import NIOCore
import NIOPosix
import NIOSSL

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Finds out why a server's certificate was refused: BoringSSL says no more than that verification failed.
///
/// It looks at the certificate once more, over a connection on which nothing is sent, to tell an expired certificate
/// from an unknown authority.
enum CertificateProbe {
  /// The reason if it lies in the certificate's dates.
  static func explanation(
    of address: ServerAddress, _ tls: TLSConfiguration, name: String?, now: Date
  ) async -> String? {
    guard let (from, to) = try? await fetch(address, tls, name: name) else { return nil }
    if to < now { return "the certificate of \(address.authority) expired on \(day(to))" }
    if from > now {
      return "the certificate of \(address.authority) is not valid before \(day(from)); is this machine's clock right?"
    }
    return nil
  }

  private static func day(_ date: Date) -> String { date.formatted(.iso8601.year().month().day()) }

  private typealias Dates = (from: Date, to: Date)

  private static func fetch(_ address: ServerAddress, _ tls: TLSConfiguration, name: String?) async throws -> Dates? {
    let context = try NIOSSLContext(configuration: tls)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let found = loop.makePromise(of: Dates?.self)
    let name = name ?? (IPAddress(address.host) == nil ? address.host : nil)
    let channel = try await ClientBootstrap(group: loop)
      .connectTimeout(.seconds(5))
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
      .connect(host: address.host, port: address.port)
      .flatMapError { error in
        found.succeed(nil)
        return loop.makeFailedFuture(error)
      }
      .get()
    channel.closeFuture.whenComplete { _ in found.succeed(nil) }
    let limit = loop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
    defer {
      limit.cancel()
      channel.close(promise: nil)
    }
    return try await found.futureResult.get()
  }
}
