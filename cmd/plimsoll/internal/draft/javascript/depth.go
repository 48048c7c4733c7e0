package javascript

import "fmt"

// The parser calls itself for each level, and a Go program that runs out of stack cannot go on. So what nests too
// deeply is found before: without regard to texts and comments, which hold no thousand open brackets.
const (
	maxSource   = 8 << 20 // bytes
	maxBrackets = 500     // open at once
	maxChain    = 2_000   // operators between two commas, semicolons or line ends: each may nest in the previous one
)

// checkDepth reports what nests too deeply.
func checkDepth(name, source string) error {
	if len(source) > maxSource {
		return fmt.Errorf("%s is larger than %d MiB, and is not read", name, maxSource>>20)
	}
	brackets, chain, line := 0, 0, 1
	for i := range len(source) {
		switch c := source[i]; c {
		case '(', '[', '{':
			brackets++
		case ')', ']', '}':
			brackets = max(0, brackets-1)
		case ',', ';':
			chain = 0
		case '\n':
			line++
			chain = 0
		case '=', '?', '!', '~', '+', '-', '`', ' ':
			chain++
		}
		if c := source[i]; c == ' ' && i > 0 && (source[i-1] == ' ' || !isLetter(source[i-1])) {
			chain-- // only a space after a word counts: typeof typeof x
		}
		if brackets > maxBrackets || chain > maxChain {
			return fmt.Errorf("%s:%d: this nests too deeply, and is not read", name, line)
		}
	}
	return nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
