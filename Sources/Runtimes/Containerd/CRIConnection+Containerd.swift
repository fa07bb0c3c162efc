import GRPCCore

/// containerd offers its own services at the socket where CRI is.
extension CRIConnection {
  /// containerd keeps what CRI pulls in this namespace.
  static let namespace: Metadata = ["containerd-namespace": "k8s.io"]

  var events: Containerd_Services_Events_V1_Events.Client<Transport> { .init(wrapping: client) }
  var introspection: Containerd_Services_Introspection_V1_Introspection.Client<Transport> { .init(wrapping: client) }
  var leases: Containerd_Services_Leases_V1_Leases.Client<Transport> { .init(wrapping: client) }
  var content: Containerd_Services_Content_V1_Content.Client<Transport> { .init(wrapping: client) }
  var snapshots: Containerd_Services_Snapshots_V1_Snapshots.Client<Transport> { .init(wrapping: client) }
  var imageRecords: Containerd_Services_Images_V1_Images.Client<Transport> { .init(wrapping: client) }
}
