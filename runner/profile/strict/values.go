package strict

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// The forms of numbers with a unit. A reader and the schema use the same ones.
const (
	decimal  = `([0-9]+\.?[0-9]*|\.[0-9]+)`
	number   = decimal + `([eE][+-]?[0-9]+)?`
	rate     = number + `(/s)?`
	percent  = decimal + ` *%`
	duration = `(` + number + `|(` + decimal + `(ns|us|µs|μs|ms|s|m|h))+)`
)

var (
	rateForm     = regexp.MustCompile(`^` + rate + `$`)
	percentForm  = regexp.MustCompile(`^` + percent + `$`)
	durationForm = regexp.MustCompile(`^` + duration + `$`)
)

// RateForm and DurationForm are the regular expressions, without anchors, of a rate and a
// duration, for texts that contain one.
const (
	RateForm     = rate
	DurationForm = duration
)

// The forms that problems name.
const (
	aRate       = "a rate such as 10 or 0.5/s"
	aPercentage = "a percentage such as 20%"
	aDuration   = "a duration such as 30s, 500ms or 1h20m"
)

// scalar is the JSON type of a value that is read as text: YAML knows a plain 1.1 or true as
// a number or a truth value.
var scalar = []string{"string", "number", "boolean"}

// text returns what was written at a scalar. want says what is expected, such as "a name of letters".
func (r *Reader) text(n *yaml.Node, want string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.Problem(n, "expected %s, found %s", want, found(n))
		return "", false
	}
	return n.Value, true
}

// Text reads a text, or a number or truth value as it was written.
func (r *Reader) Text(to *string) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			if s.Type = scalar; *to != "" {
				s.Default = *to
			}
			return
		}
		if text, ok := r.text(n, "text"); ok {
			*to = text
		}
	}
}

// Scalar hands any text, number, truth value or null to read.
func (r *Reader) Scalar(read Read) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.Type = []string{"string", "number", "boolean", "null"}
			return
		}
		if n.Kind != yaml.ScalarNode {
			r.Problem(n, "expected a text, a number, true, false or null, found %s", found(n))
			return
		}
		read(n)
	}
}

// Any marks a value as one of any kind, which read takes as it is.
func (r *Reader) Any(read Read) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.any = true
			return
		}
		read(n)
	}
}

// AnyMapping marks a value as a mapping whose values may be of any kind, which read takes as it is.
func (r *Reader) AnyMapping(read Read) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.Type = "object"
			return
		}
		if n.Kind != yaml.MappingNode {
			r.Problem(n, "expected a mapping, found %s", found(n))
			return
		}
		read(n)
	}
}

// Bool reads true or false.
func (r *Reader) Bool(to *bool) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.Type, s.Default = "boolean", *to
			return
		}
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			r.Problem(n, "expected true or false, found %s", found(n))
			return
		}
		*to = strings.EqualFold(n.Value, "true")
	}
}

// OneOf reads one of the given words.
func OneOf[T ~string](r *Reader, to *T, words ...T) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			for _, word := range words {
				s.Enum = append(s.Enum, spellings(string(word))...)
			}
			if slices.Contains(words, *to) {
				s.Default = *to
			}
			return
		}
		text, ok := r.text(n, list(words))
		switch {
		case !ok:
		case !slices.Contains(words, T(text)):
			r.Problem(n, "%s", unknownWord(text, words))
		default:
			*to = T(text)
		}
	}
}

// maxWords is how many words a sentence lists although it knows which one was meant.
const maxWords = 8

// unknownWord says that a text is none of the words.
func unknownWord[T ~string](text string, words []T) string {
	var known []string
	for _, word := range words {
		known = append(known, string(word))
	}
	name, ok := Nearest(text, known)
	switch {
	case ok && len(words) > maxWords:
		return fmt.Sprintf("%s is unknown here; did you mean %s?", Quote(text), name)
	case ok:
		return fmt.Sprintf("expected %s, found %s; did you mean %s?", list(words), Quote(text), name)
	}
	return fmt.Sprintf("expected %s, found %s", list(words), Quote(text))
}

// spellings are a word, and what YAML takes it for when it is written without quotes.
func spellings(word string) []any {
	var plain any
	if yaml.Unmarshal([]byte(word), &plain) != nil || plain == word || plain == nil {
		return []any{word}
	}
	return []any{word, plain}
}

// list joins words as in a sentence.
func list[T ~string](words []T) string {
	var b strings.Builder
	for i, word := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(word))
	}
	return b.String()
}

// SeveralOf reads a list of at least one of the given words, each at most once; empty says what
// to write.
func SeveralOf[T ~string](r *Reader, to *[]T, empty string, words ...T) Read {
	return func(n *yaml.Node) {
		var all []T
		r.NonEmpty(n, empty, func(item *yaml.Node) {
			var word T
			OneOf(r, &word, words...)(item)
			if word != "" && slices.Contains(all, word) {
				r.Problem(item, "%s is listed twice", word)
			}
			all = append(all, word)
		})
		if s := r.describing(n); s != nil {
			s.UniqueItems, s.Default = true, *to
			return
		}
		*to = all
	}
}

// Int reads a whole number from least to most.
func (r *Reader) Int(to *int, least, most int) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.Type, s.Minimum, s.Maximum = "integer", bound(least), bound(most)
			if *to >= least && *to <= most {
				s.Default = *to
			}
			return
		}
		v, err := strconv.Atoi(n.Value)
		switch {
		case n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil:
			r.Problem(n, "expected a whole number such as %d, found %s", max(least, 1), found(n))
		case v < least || v > most:
			r.Problem(n, "%d is out of range: expected %d to %d", v, least, most)
		default:
			*to = v
		}
	}
}

func bound[T int | float64](v T) *float64 {
	f := float64(v)
	return &f
}

// Rate reads a positive number up to most, with or without "/s" behind it.
func (r *Reader) Rate(to *float64, most float64) Read { return r.rate(to, most, false) }

// RateOrZero reads a Rate or 0.
func (r *Reader) RateOrZero(to *float64, most float64) Read { return r.rate(to, most, true) }

func (r *Reader) rate(to *float64, most float64, zero bool) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.Type, s.Maximum = []string{"number", "string"}, &most
			s.Pattern, s.PatternHint = rateForm.String(), "expected "+aRate
			if s.Minimum = bound(0); !zero {
				s.Minimum, s.ExclusiveMinimum = nil, bound(0)
			}
			if *to > 0 && *to <= most {
				s.Default = *to
			}
			return
		}
		if n.Kind != yaml.ScalarNode || !rateForm.MatchString(strings.TrimPrefix(n.Value, "-")) {
			r.Problem(n, "expected %s, found %s", aRate, found(n))
			return
		}
		v, err := strconv.ParseFloat(strings.TrimSuffix(n.Value, "/s"), 64)
		if err != nil || v > most || v < 0 || v == 0 && !zero {
			r.Problem(n, "a rate of %s is out of range: expected more than 0 and at most %.0f", shorten(n.Value), most)
			return
		}
		*to = v
	}
}

// Percent reads a share such as 20% and stores it as 0.2. It must lie in least to most, which
// are shares too.
func (r *Reader) Percent(to *float64, least, most float64) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.Type, s.Pattern, s.PatternHint = "string", percentForm.String(), "expected "+aPercentage
			s.describe("From %s to %s.", showPercent(least), showPercent(most))
			if *to >= least && *to <= most {
				s.Default = showPercent(*to)
			}
			return
		}
		if n.Kind != yaml.ScalarNode || !percentForm.MatchString(strings.TrimPrefix(n.Value, "-")) {
			r.Problem(n, "expected %s, found %s", aPercentage, found(n))
			return
		}
		v, err := strconv.ParseFloat(strings.TrimRight(n.Value, " %"), 64)
		if v /= 100; err != nil || v < least || v > most {
			r.Problem(n, "%s is out of range: expected %s to %s", shorten(n.Value), showPercent(least), showPercent(most))
			return
		}
		*to = v
	}
}

func showPercent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e8)/1e6, 'g', -1, 64) + "%"
}

// Duration reads a duration as ParseDuration does, of at least least.
func (r *Reader) Duration(to *time.Duration, least time.Duration) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.Type = []string{"string", "number"}
			s.Pattern, s.PatternHint = durationForm.String(), "expected "+aDuration
			s.Minimum, s.Maximum = bound(least.Seconds()), bound(maxDuration.Seconds())
			if least > 0 {
				s.describe("At least %s.", InWords(least))
			}
			if *to >= least {
				s.Default = InWords(*to)
			}
			return
		}
		d, err := ParseDuration(n.Value)
		switch {
		case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
			r.Problem(n, "expected %s, found %s", aDuration, found(n))
		case err != nil:
			r.Problem(n, "%v", err)
		case d < least:
			r.Problem(n, "%s is too short: expected at least %s", n.Value, InWords(least))
		default:
			*to = d
		}
	}
}

// maxDuration keeps sums of durations within what a time.Duration holds.
const maxDuration = 100 * 24 * time.Hour

// ParseDuration reads a duration as Locust's users write it: 20 (seconds), 20s, 3m, 1h20m, and
// also 500ms and decimals. It may be 0 to 100 days long.
func ParseDuration(text string) (time.Duration, error) {
	if !durationForm.MatchString(text) {
		return 0, fmt.Errorf("expected %s, found %s", aDuration, Quote(text))
	}
	seconds, err := strconv.ParseFloat(text, 64)
	d := time.Duration(min(seconds, 2*maxDuration.Seconds()) * float64(time.Second))
	if err != nil {
		d, err = time.ParseDuration(text)
	}
	if err != nil || d > maxDuration {
		return 0, fmt.Errorf("%s is too long: at most 100 days (2400h) are possible", shorten(text))
	}
	return d, nil
}

// InWords is a duration without the zeros that time.Duration writes after it: 1m, not 1m0s.
func InWords(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
