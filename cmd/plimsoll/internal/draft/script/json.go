package script

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// jsonText is the JSON of a value, as a text.
func (m *Machine) jsonText(v Value) Value {
	if tooLarge(v) {
		return &Text{[]Value{&Unknown{Why: "a value that is too large"}}}
	}
	var parts []Value
	m.writeJSON(v, &parts)
	return m.concat(parts...)
}

func (m *Machine) writeJSON(v Value, parts *[]Value) {
	add := func(v Value) { *parts = append(*parts, v) }
	switch v := v.(type) {
	case nil:
		add("null")
	case bool:
		add(strconv.FormatBool(v))
	case int64, float64:
		add(m.text(v))
	case string:
		add(quoted(v))
	case *List:
		add("[")
		for i, item := range v.Items {
			if i > 0 {
				add(",")
			}
			m.writeJSON(item, parts)
		}
		add("]")
	case *Dict:
		add("{")
		for i, key := range v.Keys {
			if i > 0 {
				add(",")
			}
			add(quoted(key) + ":")
			m.writeJSON(v.m[key], parts)
		}
		add("}")
	case *Object:
		m.writeJSON(v.Fields, parts)
	case *Drawn, *Turn:
		add(m.text(v))
	case *Row:
		m.writeJSON(v.dict(), parts)
	default:
		add(`"`)
		add(m.text(v))
		add(`"`)
	}
}

func quoted(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic("script: " + err.Error()) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// FromJSON is JSON as a value.
func FromJSON(text string) (Value, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decodeValue(decoder, 0)
}

func decodeValue(d *json.Decoder, depth int) (Value, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		if n, err := token.Int64(); err == nil {
			return n, nil
		}
		f, err := token.Float64()
		return f, err
	case json.Delim:
		if token == '[' {
			l := &List{}
			for d.More() {
				v, err := decodeValue(d, depth+1)
				if err != nil {
					return nil, err
				}
				l.Items = append(l.Items, v)
			}
			_, err := d.Token()
			return l, err
		}
		dict := NewDict()
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			dict.Set(key.(string), v)
		}
		_, err := d.Token()
		return dict, err
	case nil:
		return nil, nil
	case bool, string:
		return token, nil
	}
	return nil, nil
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func quoteMeta(s string) string { return regexp.QuoteMeta(s) }

var unplain = regexp.MustCompile(`[^A-Za-z0-9]+`)

// plainName makes a name for a variable or a table of a text; empty if nothing is left.
func plainName(text string) string {
	snake := regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(text, "${1}_$2")
	name := strings.Trim(unplain.ReplaceAllString(strings.ToLower(snake), "_"), "_")
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		name = "v" + name
	}
	return name[:min(len(name), 40)]
}
