package import SystemPackage
import Glibc

/// Removes an unpacked folder, whatever is in it, following no links. A folder that is not there is no error.
package func removeUnpacked(_ folder: FilePath) throws {
  let path = Array(folder.string.utf8)
  do {
    try Removal.remove([UInt8](path), in: AT_FDCWD)
  } catch let error where error.number == ENOENT {
    return
  } catch {
    throw UnpackError.system("remove the folder \(folder)", errno: error.number)
  }
}

/// Removing folders with all that is in them.
enum Removal {
  struct Failure: Error { let number: Int32 }

  /// Removes a file, or a folder with all that is in it. However deep it is, two descriptors are enough.
  static func remove(_ name: [UInt8], in parent: Int32) throws(Failure) {
    if unlinkat(parent, FolderPath.c(name), 0) == 0 { return }
    // A folder is said to be one by EISDIR here, and by EPERM elsewhere.
    guard errno == EISDIR || errno == EPERM else { throw Failure(number: errno) }
    guard var folder = OpenFolder.step(parent, name) else { throw Failure(number: errno) }
    // The folders that are being emptied, outermost first: what each still has to go into.
    var left = [try empty(folder.descriptor)]
    var names: [[UInt8]] = []
    while !left.isEmpty {
      if let child = left[left.count - 1].popLast() {
        guard let inner = OpenFolder.step(folder.descriptor, child) else { throw Failure(number: errno) }
        folder = inner
        names.append(child)
        left.append(try empty(folder.descriptor))
        continue
      }
      left.removeLast()
      guard let done = names.popLast() else { break }
      guard let outer = OpenFolder.step(folder.descriptor, Array("..".utf8)) else { throw Failure(number: errno) }
      folder = outer
      guard unlinkat(folder.descriptor, FolderPath.c(done), AT_REMOVEDIR) == 0 else { throw Failure(number: errno) }
    }
    guard unlinkat(parent, FolderPath.c(name), AT_REMOVEDIR) == 0 else { throw Failure(number: errno) }
  }

  /// Removes the files of a folder and returns the names of the folders in it.
  private static func empty(_ folder: Int32) throws(Failure) -> [[UInt8]] {
    var folders: [[UInt8]] = []
    for name in try entries(folder) where unlinkat(folder, FolderPath.c(name), 0) != 0 {
      guard errno == EISDIR || errno == EPERM else { throw Failure(number: errno) }
      folders.append(name)
    }
    return folders
  }

  /// The names in a folder.
  static func entries(_ folder: Int32) throws(Failure) -> [[UInt8]] {
    // The stream takes its descriptor with it when it is closed.
    let own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0 else { throw Failure(number: errno) }
    guard let stream = fdopendir(own) else {
      let number = errno
      close(own)
      throw Failure(number: number)
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      // The record is shorter than its type: only the name's own bytes may be read.
      let start = UnsafeRawPointer(entry) + (MemoryLayout<dirent>.offset(of: \.d_name) ?? 0)
      let name = Array(UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self))))
      if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
    }
    guard errno == 0 else { throw Failure(number: errno) }
    return names
  }
}
