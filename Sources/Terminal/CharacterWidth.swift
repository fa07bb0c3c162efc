extension Character {
  /// Columns that a terminal gives it: none for controls and marks without a base, two for the wide ones of East Asia and
  /// for emoji. Source: Unicode's East_Asian_Width (UAX 11) and Emoji_Presentation.
  var columns: Int {
    if let ascii = asciiValue { return ascii < 0x20 || ascii == 0x7f ? 0 : 1 }
    guard let first = unicodeScalars.first else { return 0 }
    switch first.properties.generalCategory {
    case .control, .format, .nonspacingMark, .enclosingMark, .lineSeparator, .paragraphSeparator, .surrogate: return 0
    default: break
    }
    if first.properties.isEmojiPresentation || first.isWide { return 2 }
    let others = unicodeScalars.dropFirst()
    if others.contains("\u{FE0F}"), first.properties.isEmoji { return 2 }
    return 1 + others.count { $0.properties.generalCategory == .spacingMark }
  }
}

extension Unicode.Scalar {
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0x4DBF, 0x4E00...0xA4CF,
    0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
    0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F320, 0x20000...0x3FFFD,
  ]

  fileprivate var isWide: Bool { value >= 0x1100 && Self.wide.contains { $0.contains(value) } }
}
