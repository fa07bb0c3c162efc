import Documents

/// The value of the label `controller-revision-hash`: FNV-1a over the template, in letters that form no words.
enum TemplateHash {
  static func of(_ template: JSON) -> String {
    let hash = template.bytes(sorted: true).reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
    return String(decoding: String(hash).utf8.map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
  }
}
