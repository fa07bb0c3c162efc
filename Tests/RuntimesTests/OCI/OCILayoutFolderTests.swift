import Documents
import Foundation
import ImageModel
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite("OCI layout: the folder and its index", .timeLimit(.minutes(10)))
struct OCILayoutFolderTests {
  private func write(_ text: String, to path: String) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  private func refusal(of lab: LayoutLab) async throws -> RuntimeError? {
    let reference = lab.registry.add(try SampleImage())
    return await #expect(throws: RuntimeError.self) {
      try await lab.runtime().pull(lab.order(reference)) { _ in }
    }
  }

  @Test func refusesAFile() async throws {
    try await withLayoutLab { lab in
      try write("text", to: lab.path)
      let error = try await refusal(of: lab)
      #expect(error?.code == .fault && error?.detail.contains("is a file") == true)
      await #expect(throws: RuntimeError.self) { try await lab.runtime().identify() }
      await #expect(throws: RuntimeError.self) { try await lab.runtime().list() }
    }
  }

  @Test func refusesAPathThroughAFile() async throws {
    try await withTemporaryFolder { folder in
      try write("text", to: folder + "/file")
      try await withLayoutLab(at: folder + "/file/layout") { lab in
        let error = try await refusal(of: lab)
        #expect(error?.code == .fault && error?.remedy.contains("is a file") == true)
      }
    }
  }

  @Test func refusesAFolderOfOtherThings() async throws {
    try await withLayoutLab { lab in
      try write("text", to: lab.path + "/letters/one.txt")
      let error = try await refusal(of: lab)
      #expect(error?.code == .fault && error?.detail.contains("holds other files (letters") == true)
      #expect(try FileManager.default.contentsOfDirectory(atPath: lab.path) == ["letters"])
    }
  }

  @Test func takesAnEmptyFolder() async throws {
    try await withLayoutLab { lab in
      try FileManager.default.createDirectory(atPath: lab.path + "/lost+found", withIntermediateDirectories: true)
      let reference = lab.registry.add(try SampleImage())
      #expect(try await lab.runtime().list() == [])
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
    }
  }

  @Test func refusesANewerLayout() async throws {
    try await withLayoutLab { lab in
      try write(#"{"imageLayoutVersion":"2.0.0"}"#, to: lab.path + "/oci-layout")
      #expect(try await refusal(of: lab)?.code == .unsupported)
    }
  }

  @Test(arguments: ["", "{}", "nonsense"])
  func refusesADamagedMarker(text: String) async throws {
    try await withLayoutLab { lab in
      try write(text, to: lab.path + "/oci-layout")
      #expect(try await refusal(of: lab)?.detail.contains("is damaged") == true)
    }
  }

  @Test(arguments: ["", "{", #"{"manifests":{}}"#])
  func refusesADamagedIndex(text: String) async throws {
    try await withLayoutLab { lab in
      try write(#"{"imageLayoutVersion":"1.0.0"}"#, to: lab.path + "/oci-layout")
      try write(text, to: lab.path + "/index.json")
      #expect(try await refusal(of: lab)?.detail.contains("cannot be understood") == true)
      #expect(try String(contentsOfFile: lab.path + "/index.json", encoding: .utf8) == text)
    }
  }

  @Test func aReadOnlyFileSystemIsReadButNotWritten() async throws {
    try await withSmallFileSystem(size: 1 << 20) { path in
      try await withLayoutLab(at: path + "/layout") { lab in
        let reference = lab.registry.add(try SampleImage())
        let pulled = try await lab.runtime().pull(lab.order(reference)) { _ in }
        try await output(of: "mount", ["-o", "remount,ro", path])
        #expect(try await lab.runtime().image(reference) == pulled)
        #expect(try await lab.runtime().list() == [pulled])
        let other = lab.registry.add(try SampleImage(seed: 2), tag: "v2")
        for attempt in [
          { _ = try await lab.runtime().pull(lab.order(other)) { _ in } },
          { _ = try await lab.runtime().remove(reference) },
        ] {
          let error = await #expect(throws: RuntimeError.self) { try await attempt() }
          #expect(error?.code == .notPermitted && error?.remedy.contains("read-only") == true)
        }
      }
    }
  }

  @Test func refusesWhatDoesNotFit() async throws {
    try await withSmallFileSystem(size: 2 << 20) { path in
      try await withLayoutLab(at: path) { lab in
        let image = try SampleImage(layers: [3 << 20])
        let reference = lab.registry.add(image)
        let error = await #expect(throws: RuntimeError.self) {
          try await lab.runtime().pull(lab.order(reference)) { _ in }
        }
        #expect(error?.code == .noSpace)
        #expect(error?.detail.contains("needs \(image.variants[0].blobBytes) more bytes") == true)
        #expect(lab.offsets(of: image.variants[0].layers[0].descriptor) == [])
        #expect(lab.partials == [] && lab.leases == [])
      }
    }
  }

  @Test func givesSpaceBackWhenTheDiskFillsUp() async throws {
    try await withSmallFileSystem(size: 3 << 20) { path in
      try await withLayoutLab(at: path) { lab in
        let image = try SampleImage(layers: [4 << 20])
        let layer = image.variants[0].layers[0]
        let reference = lab.registry.add(image)
        // A file with a hole looks as if almost nothing were missing, but it is no beginning of the layer.
        try lab.leave([], of: layer.descriptor)
        try #expect(truncate(path: "\(lab.layout.partial(layer.descriptor.digest))", to: layer.descriptor.size))
        let error = await #expect(throws: RuntimeError.self) {
          try await lab.runtime().pull(lab.order(reference)) { _ in }
        }
        #expect(error?.code == .noSpace)
        #expect(error?.detail.contains("more bytes of this blob were needed") == true)
        #expect(lab.partials == [] && lab.leases == [])
        #expect(try await lab.runtime().image(reference) == nil)
        #expect(try #require(try await lab.runtime().space().availableBytes) > 2 << 20)
      }
    }
  }

  private func truncate(path: String, to size: Int64) throws -> Bool {
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.truncate(atOffset: UInt64(size))
    try file.close()
    return true
  }

  @Test func errorsOfTheSystemGetTheirCodes() {
    func code(_ errno: Errno) -> RuntimeError.Code { LayoutFault(errno, "write", "/x").code }
    #expect(code(.noSpace) == .noSpace && code(.diskQuotaExceeded) == .noSpace)
    #expect(code(.permissionDenied) == .notPermitted && code(.notPermitted) == .notPermitted)
    #expect(code(.readOnlyFileSystem) == .notPermitted)
    #expect(code(.ioError) == .fault)
    #expect(LayoutFault(.ioError, "write", "/x").detail.hasPrefix("could not write /x: "))
  }

  @Test func keepsWhatOthersWroteIntoTheIndex() async throws {
    try await withLayoutLab { lab in
      let foreign = """
        {"annotations":{"owner":"somebody"},"count":18446744073709551000,"future":[1,2.5,null,true],"manifests":[\
        {"annotations":{"org.opencontainers.image.ref.name":"v1"},"digest":"sha256:\(String(repeating: "0", count: 64))",\
        "mediaType":"application/vnd.oci.image.manifest.v1+json","size":7},\
        {"digest":"blake3:77","mediaType":"text/odd","more":{"a":"b"}}\
        ],"schemaVersion":2}
        """
      try write(#"{"imageLayoutVersion":"1.0.0"}"#, to: lab.path + "/oci-layout")
      try write(foreign, to: lab.path + "/index.json")
      let before = try lab.index()
      let reference = lab.registry.add(try SampleImage())
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      let manifests = try #require(try lab.index()["manifests"]?.array)
      #expect(manifests.count == 3)
      #expect(manifests.dropLast() == before["manifests"]?.array?[...])
      #expect(try await lab.runtime().remove(reference))
      #expect(try lab.index() == before)
    }
  }

  @Test func anEntryKeepsItsFieldsWhenItIsPulledAgain() async throws {
    try await withLayoutLab { lab in
      let reference = lab.registry.add(try SampleImage())
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      var index = try lab.index()
      var entry = try #require(index["manifests"]?.array?[0])
      entry["more"] = .string("x")
      entry["annotations"]?["mine"] = .string("y")
      index["manifests"] = .array([entry])
      try JSONEncoder().encode(index).write(to: URL(filePath: lab.path + "/index.json"))
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      #expect(try lab.index() == index)
    }
  }
}

extension SampleImage.Variant {
  /// What a pull transfers besides manifests.
  fileprivate var blobBytes: Int64 { ([config] + layers).reduce(0) { $0 + $1.descriptor.size } }
}
