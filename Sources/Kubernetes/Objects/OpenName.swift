/// A word of the API whose list grows with Kubernetes: unknown ones are read, kept and written back.
package protocol OpenName: RawRepresentable, Codable, Hashable, Sendable where RawValue == String {}
