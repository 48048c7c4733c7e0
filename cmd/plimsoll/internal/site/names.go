package site

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A slug starts with at most maxSlug characters of the name; digestSize hexadecimal digits follow.
const (
	maxSlug    = 32
	digestSize = 16
)

// slug makes a name for files and addresses: lower-case letters, digits and hyphens of a text, and a digest of what the
// name stands for. So it is the same in every site. Two things share a slug only if somebody has searched long for a
// collision: see slugs.
func slug(text string, of ...string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case b.Len() == maxSlug:
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	sum := sha256.New()
	for _, one := range of {
		fmt.Fprintf(sum, "%d:%s", len(one), one)
	}
	digest := hex.EncodeToString(sum.Sum(nil))[:digestSize]
	if words := strings.Trim(b.String(), "-"); words != "" {
		return words + "-" + digest
	}
	return digest
}

// slugs returns the slugs of things in a lasting order. Things with equal slugs get numbers: the second is SLUG-2. No other
// slug can be SLUG-2, since all slugs end in a digest.
func slugs[K comparable](all []K, slug func(K) string) map[K]string {
	of, times := make(map[K]string, len(all)), make(map[string]int, len(all))
	for _, one := range all {
		text := slug(one)
		if times[text]++; times[text] > 1 {
			of[one] = fmt.Sprintf("%s-%d", text, times[text])
			continue
		}
		of[one] = text
	}
	return of
}

// maxName is the most characters that a page shows of a foreign text.
const maxName = 160

// plain makes a foreign text safe to show: it writes invisible characters, and those that change the direction of writing,
// as their codes, and cuts long texts in the middle.
func plain(text string) string {
	runes := make([]rune, 0, min(len(text), 2*maxName))
	for _, r := range text {
		if runes = append(runes, r); len(runes) > 100*maxName {
			break // the middle is left out anyway
		}
	}
	if len(runes) > maxName {
		runes = append(append(runes[:maxName*2/3:maxName*2/3], '…'), runes[len(runes)-maxName/3:]...)
	}
	var b strings.Builder
	for _, r := range runes {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d' || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Link is a template of addresses: {id}, {commit}, {repository}, {series}, {branch} and {ci_run} stand for a run's values.
// The zero Link leads nowhere.
type Link string

// linked finds the names in a Link.
var linked = []string{"id", "commit", "repository", "series", "branch", "ci_run"}

// Check returns an error unless a Link is a web address, or relative to the pages.
func (l Link) Check() error {
	filled := func(with string) string {
		text := string(l)
		for _, name := range linked {
			text = strings.ReplaceAll(text, "{"+name+"}", with)
		}
		return text
	}
	text := filled("x")
	u, err := url.Parse(text)
	other, _ := url.Parse(filled("y")) // if one can be read, the other can
	switch {
	case err != nil || strings.ContainsAny(text, "{}\\") || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || unicode.IsControl(r) }):
		return fmt.Errorf("%.200q is no address: write one such as https://example.com/reports/{id}.html, with {%s}", string(l), strings.Join(linked, "}, {"))
	case u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%.200q leads to neither http nor https", string(l))
	case u.Scheme != "" && u.Host == "":
		return fmt.Errorf("%.200q names no host", string(l))
	case strings.HasPrefix(string(l), "{") || u.Host != other.Host:
		return fmt.Errorf("%.200q lets a run decide where it leads: write the host out, and begin with it or with a path", string(l))
	case u.User != nil:
		return fmt.Errorf("an address with a user or a password would stand on every page")
	}
	return nil
}

// of returns the address for a run; empty if the run lacks a value that the address needs.
func (l Link) of(info baseline.Info, of result.Identity) string {
	return l.fill(map[string]string{"id": info.ID, "commit": info.Commit, "repository": info.Repository, "series": info.Series, "branch": info.Branch, "ci_run": ciRun(of.CIRun)})
}

// ofGroup fills in the values that all runs of a group share; empty if the link needs another one.
func (l Link) ofGroup(g *Group) string {
	return l.fill(map[string]string{"repository": g.Repository, "series": g.Series, "branch": g.Branch})
}

// fill puts values in; the result is empty if a needed value is.
func (l Link) fill(values map[string]string) string {
	text := string(l)
	for _, name := range linked {
		value, known := values[name]
		switch hole := "{" + name + "}"; {
		case !known || !strings.Contains(text, hole):
		case value == "":
			return ""
		default:
			text = strings.ReplaceAll(text, hole, escaped(value)) // an escaped value has no braces
		}
	}
	return text
}

// escaped escapes a value for an address. A repository keeps its slash. No value can lead to a parent or another host.
func escaped(value string) string {
	var parts []string
	for part := range strings.SplitSeq(value, "/") {
		switch {
		case part == "":
		case strings.Trim(part, ".") == "":
			parts = append(parts, strings.ReplaceAll(part, ".", "%2E"))
		default:
			parts = append(parts, strings.ReplaceAll(url.PathEscape(part), ":", "%3A"))
		}
	}
	return strings.Join(parts, "/")
}

// ciRun returns the number of a CI run without its attempt: GitHub's addresses have none.
func ciRun(text string) string {
	number, _, _ := strings.Cut(text, "/")
	return number
}
