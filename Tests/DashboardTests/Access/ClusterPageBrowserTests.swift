import Documents
import Foundation
import TestKit
import Testing

@testable import Dashboard

/// The page inside a cluster, in a real browser.
@Suite("The page inside a cluster in Chromium", .timeLimit(.minutes(4)), .serialized) struct ClusterPageBrowserTests {
  /// Opens a path of the page, whose certificate nobody knows.
  private func open(_ path: String, _ lab: ClusterPageLab, in browser: Browser) async throws -> BrowserPage {
    let page = try await BrowserPage.open("about:blank", in: browser)
    try await page.send("Security.setIgnoreCertificateErrors", ["ignore": true])
    try await page.go(lab.address + path)
    return page
  }

  private func submit(_ token: String, _ page: BrowserPage) async throws {
    try await page.wait("the field", until: "document.readyState == 'complete' && document.querySelector('#token')")
    _ = try await page.evaluate(
      "document.querySelector('#token').value = '\(token)'; document.querySelector('#enter').click()")
  }

  @Test("A wrong token and one that is over are refused in words; a good one shows the rows of its user, until log-out")
  func logIn() async throws {
    try await ClusterPageLab.with { lab in
      try await Browser.with { browser in
        let page = try await open("/#group=none", lab, in: browser)
        try await submit("nonsense", page)
        try await page.wait(
          "the refusal", until: "document.querySelector('#answer').innerText.includes('does not take')")
        #expect(try await page.evaluate("location.pathname") == "/login")
        try await submit(try lab.token(of: "clerk", lifetime: .seconds(-5)), page)
        try await page.wait("the field again", until: "!document.querySelector('#enter').disabled")
        #expect(try await page.text("#answer").contains("is over"))
        try await submit(try lab.token(of: "clerk"), page)
        try await page.wait("the rows", until: "window.prepull && prepull.inspect().rows == 2")
        #expect(try await page.evaluate("location.pathname + location.hash") == "/#group=none")
        #expect(try await page.evaluate("document.cookie") == "")
        try await page.wait("three images", until: "prepull.inspect().columns == 3")
        try await page.wait("what is read aloud", until: "document.querySelectorAll('#spoken [role=row]').length > 2")
        #expect(try await page.evaluate("document.documentElement.outerHTML.includes('bank')") == false)
        #expect(try await page.text("#notes").contains("Only what is wanted in shop is shown"))
        #expect(try await page.text("#account").contains("system:serviceaccount:people:clerk"))
        // A phone has room for who it is, and for the door.
        try await page.resize(360, 800)
        let wide = "[...document.querySelectorAll('.bar *')].filter((part) => part.getBoundingClientRect().right > 360)"
        #expect(try await page.evaluate("\(wide).map((part) => part.outerHTML).join()") == "")
        #expect(try await page.evaluate("document.documentElement.scrollWidth") == 360)
        _ = try await page.evaluate("document.querySelector('#account button').click()")
        try await page.wait("the door", until: "location.pathname == '/login' && document.querySelector('#token')")
        // Its style may come after its text.
        try await page.wait("the door within the screen", until: "document.documentElement.scrollWidth == 360")
        #expect(browser.complaints == [])
      }
    }
  }

  @Test("Who may not list nodes reads what to ask for; a session that ends leads to the door")
  func denied() async throws {
    try await ClusterPageLab.with { lab in
      try await Browser.with { browser in
        let page = try await open("/login", lab, in: browser)
        try await submit(try lab.token(of: "stranger"), page)
        try await page.wait("the words", until: "document.querySelector('#remedy')?.innerText.length > 10")
        #expect(try await page.text("#denied").contains("system:serviceaccount:people:stranger is logged in"))
        let command = "kubectl create clusterrolebinding prepull-dashboard-viewer-people-stranger"
        #expect(
          try await page.text("#remedy")
            == "\(command) --clusterrole=prepull-dashboard-viewer --serviceaccount=people:stranger")
        _ = try await page.evaluate("document.querySelector('#leave').click()")
        try await submit(try lab.token(of: "clerk", lifetime: .seconds(6)), page)
        try await page.wait("the rows", until: "window.prepull && prepull.inspect().rows > 0")
        try await page.wait("the door", until: "location.pathname == '/login'")
        #expect(browser.complaints == [])
      }
    }
  }
}
