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

// maxSlug is how many letters of a name a file's name takes over, and digestSize how many hexadecimal digits follow.
const (
	maxSlug    = 32
	digestSize = 16
)

// slug is a name for files and addresses: lower-case letters, digits and hyphens of a text, and a digest of what the
// name stands for. So it is the same in every site. Two things share one only if somebody has sought long for such names:
// see slugs.
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

// slugs are the slugs of things in a lasting order. Those that share one get numbers: the second is SLUG-2, which no other
// slug is, since they all end in a digest.
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

// maxName is how many characters of a foreign text a page shows.
const maxName = 160

// plain is a foreign text to show: what changes the direction of writing, and what nobody sees, is written as its code.
// Long texts are cut in the middle.
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

// Link is a template of addresses: {id}, {commit}, {repository}, {series}, {branch} and {ci_run} stand for what a run has.
// The zero Link leads nowhere.
type Link string

// linked are the names in a Link.
var linked = []string{"id", "commit", "repository", "series", "branch", "ci_run"}

// Check returns an error unless a Link is an address on the web, or one beside the pages.
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

// of is the address for a run; empty if the run lacks a value that the address needs.
func (l Link) of(info baseline.Info, of result.Identity) string {
	return l.fill(map[string]string{"id": info.ID, "commit": info.Commit, "repository": info.Repository, "series": info.Series, "branch": info.Branch, "ci_run": ciRun(of.CIRun)})
}

// ofGroup is the link with the values that all runs of a group share; empty if it needs one that they lack.
func (l Link) ofGroup(g *Group) string {
	return l.fill(map[string]string{"repository": g.Repository, "series": g.Series, "branch": g.Branch})
}

// fill puts values in; empty if one that is needed is.
func (l Link) fill(values map[string]string) string {
	text := string(l)
	for _, name := range linked {
		value, known := values[name]
		switch hole := "{" + name + "}"; {
		case !known || !strings.Contains(text, hole):
		case value == "":
			return ""
		default:
			text = strings.ReplaceAll(text, hole, escaped(value)) // which has no braces
		}
	}
	return text
}

// escaped is a value within an address. A repository keeps its slash. No value leads up, or to another host.
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

// ciRun is the number of a CI run without the attempt, which GitHub's addresses do not have.
func ciRun(text string) string {
	number, _, _ := strings.Cut(text, "/")
	return number
}
