import ImageModel
package import VirtualCluster

extension EmbeddedRegistry {
  /// What it was asked for of blobs.
  package var blobRequests: [RecordedRequest] { requests.filter { $0.method == "GET" && $0.path.contains("/blobs/") } }

  /// Bytes of a blob that were asked for, by Prepull and by containerd.
  package func bytesAsked(of blob: SampleImage.Blob) -> (ours: Int, runtimes: Int) {
    blobRequests.filter { $0.path.hasSuffix(blob.descriptor.digest.description) }.reduce(into: (0, 0)) { sum, request in
      let ends = request.headers["range"]?.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) } ?? []
      let bytes = ends.count == 2 ? ends[1] - ends[0] + 1 : blob.bytes.count - (ends.first ?? 0)
      if request.headers["user-agent"]?.hasPrefix("containerd") == true { sum.1 += bytes } else { sum.0 += bytes }
    }
  }
}
