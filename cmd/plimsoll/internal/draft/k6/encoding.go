package k6

import (
	"encoding/base64"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// alphabets are those of base64 that k6 names.
var alphabets = map[string]*base64.Encoding{"": base64.StdEncoding, "std": base64.StdEncoding, "rawstd": base64.RawStdEncoding, "url": base64.URLEncoding, "rawurl": base64.RawURLEncoding}

// encoding is the module k6/encoding.
func encoding() *script.Native {
	return module("k6/encoding", map[string]script.Value{"b64encode": native("b64encode", encode), "b64decode": native("b64decode", decode)})
}

func encode(c *script.Invocation) script.Value {
	alphabet := alphabets[c.Text(1, "")]
	text, known := c.M.StringOf(c.Arg(0, ""))
	switch {
	case alphabet == base64.StdEncoding:
		return &script.Base64{Of: c.Arg(0, "")}
	case known && alphabet != nil:
		return alphabet.EncodeToString([]byte(text))
	}
	return &script.Unknown{At: c.At, Why: "a text in base64"}
}

func decode(c *script.Invocation) script.Value {
	text, known := c.M.StringOf(c.Arg(0, ""))
	if alphabet := alphabets[c.Text(1, "")]; known && alphabet != nil {
		if data, err := alphabet.DecodeString(strings.TrimSpace(text)); err == nil {
			return string(data)
		}
	}
	return &script.Unknown{At: c.At, Why: "a text from base64"}
}
