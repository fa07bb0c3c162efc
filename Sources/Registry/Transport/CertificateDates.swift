import NIOCore
import NIOPosix
import NIOSSL

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Finds out why a certificate was refused.
///
/// BoringSSL says no more than that verification failed. This looks at the certificate once more, over a connection on
/// which nothing is sent, to tell an expired certificate from an unknown authority.
enum CertificateDates {
  /// The reason if it lies in the certificate's dates.
  static func explanation(of address: HostAddress, _ configuration: RegistryConfiguration) async -> String? {
    guard let dates = try? await fetch(address, configuration) else { return nil }
    let now = configuration.clock.date()
    if dates.upperBound < now {
      return "the certificate of \(address) expired on \(day(dates.upperBound))"
    }
    if dates.lowerBound > now {
      return
        "the certificate of \(address) is not valid before \(day(dates.lowerBound)); is the clock of this machine right?"
    }
    return nil
  }

  private static func day(_ date: Date) -> String { date.formatted(.iso8601.year().month().day()) }

  private static func fetch(
    _ address: HostAddress, _ configuration: RegistryConfiguration
  ) async throws -> ClosedRange<Date>? {
    let context = try NIOSSLContext(configuration: .client(configuration))
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let found = loop.makePromise(of: ClosedRange<Date>?.self)
    let channel = try await ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(configuration.connectTimeout))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let name = address.address == nil ? address.host : nil
          let handler = try NIOSSLClientHandler(context: context, serverHostname: name) {
            certificates, verdict -> Void in
            found.succeed(certificates.first.flatMap { dates(of: $0) })
            verdict.succeed(NIOSSLVerificationResult.failed)
          }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .connect(host: address.host, port: address.port ?? 443)
      .flatMapError { error in
        found.succeed(ClosedRange<Date>?.none)
        return loop.makeFailedFuture(error)
      }
      .get()
    channel.closeFuture.whenComplete { _ in found.succeed(ClosedRange<Date>?.none) }
    let limit = loop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) { channel.close(promise: nil) }
    defer {
      limit.cancel()
      channel.close(promise: nil)
    }
    return try await found.futureResult.get()
  }

  private static func dates(of certificate: NIOSSLCertificate) -> ClosedRange<Date>? {
    let from = Date(timeIntervalSince1970: TimeInterval(certificate.notValidBefore))
    let to = Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter))
    return from <= to ? from...to : nil
  }
}
