// Package reporttest has hostile names and materials of all kinds, for tests of report forms.
package reporttest

import "strings"

// Names are attacks by a foreign name on a report form and on its viewers: markdown, HTML, tables and terminals.
func Names() []string {
	return []string{
		"", "a|b", `a\|b`, `a\\|b\`, `\`, "|", "||||||||", "a`b``c", "`", "``", "```", "` `", " `a` ", "<img src=x onerror=alert(1)>", "</code></td></table><script>alert(1)</script>", "<!-- ", "-->", "]]>", "<details>", "</details>",
		"@everyone", "@octocat", "@org/team", "#123", "GH-123", "org/repo#1", "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2", "http://evil.example", "https://evil.example/a?b=c", "www.evil.example", "mailto:me@evil.example", "me@evil.example", "ftp://evil.example", "<http://evil.example>",
		"[x](http://evil)", "![x](http://evil/x.png)", "[x]: http://evil", "[^1]", "[^1]: foot", "a\nb\r\nc", "a\n\n# heading\n\n- list", "\n\n```mermaid\ngraph TD\n```\n", "~~~\nx", "$x^2$", "$$x$$", "$`x`$", ":tada:", "**bold**", "__b__", "~~s~~", "***", "---", "\n===\n", "> quote", "- [x] task", "1. one", "    indented",
		"\u202ekcatta", "a\u2066b\u2069", "zero\u200bwidth\u200c\u200d\ufeff", "soft\u00adhyphen", "\u3164\u115f\u2800", "nul\x00bell\x07esc\x1b[31m", "tab\tvt\v", "\u2028\u2029", "\xff\xfe", "&lt;b&gt;", "&#96;", "👩‍💻", "é́́́", strings.Repeat("long", 2500), strings.Repeat("`", 300), strings.Repeat("|", 300), strings.Repeat("`|", 100),
		`" onmouseover="alert(1)`, `' onload='alert(1)`, "</title><script>alert(1)</script>", "</style><script>alert(1)</script>", "</svg><script>alert(1)</script>", "<svg onload=alert(1)>", "<a href=javascript:alert(1)>x</a>",
		"javascript:alert(1)", "<style>*{display:none}</style>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0;url=//evil.example>", "<iframe src=//evil.example>", "<![CDATA[<b>]]>", "{{.}}", "${x}", "url(//evil.example/x)",
	}
}
