package profile

import (
	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// save reads the variables to save from an answer: for each a GJSON path, or a mapping with the source.
func (r *reader) save(n *yaml.Node, sources ...Source) (saves []Save) {
	named := r.Match(variable, func(n *yaml.Node, name string) {
		if _, isGenerator, _ := ParseGenerator(name); isGenerator || name == PortVariable {
			r.Problem(n, "${%s} already has a meaning; choose another name", name)
		}
	})
	r.Filled("write what is saved, for example: save: {id: items.0.id}; or leave save out", r.entries(func(key, value *yaml.Node) {
		named(key)
		s := Save{Name: key.Value}
		short := r.Match(jsonPath, func(n *yaml.Node, path string) { s.Path, s.Place = r.pathOf(n, OfJSON, path), r.Place(n) })
		r.Either(value, short, func(n *yaml.Node) { r.saveForms(n, &s, sources) })
		if r.saved[s.Name] = certainly; s.Optional {
			r.unset(s.Name)
			if r.lasting[s.Name] == certainly {
				r.Problem(key, "setup or on_start saves ${%s} too, and later tasks would lose it if nothing is found here: choose another name", s.Name)
			}
		}
		saves = append(saves, s)
	}))(n)
	return saves
}

var (
	headerOf   = strict.NewPattern(`^[^\s:=]+$`, "the name of a header, such as Location")
	metadataOf = strict.NewPattern(`^[^\s:=]+$`, "the name of metadata, such as x-cost")
	cookieOf   = strict.NewPattern(`^[^\s;=]+$`, "the name of a cookie, such as sessionid")
	textOf     = strict.NewPattern(`\S`, "a regular expression such as name=\"csrf\" value=\"([^\"]+)\"")
)

// saveForms reads the long form of a saved value.
func (r *reader) saveForms(n *yaml.Node, s *Save, sources []Source) {
	expression := func(n *yaml.Node, text string) {
		s.Match = r.literal(n, text)
		r.expression(n, s.Match)
	}
	match := strict.Key("match", "A regular expression: its first group is kept, or the whole match.", r.Match(textOf, expression))
	optional := strict.Key("optional", "true: a missing value is no failure, and leaves the variable unset.", r.Bool(&s.Optional))
	path := func(form strict.Pattern, of Source) strict.Read {
		return r.Match(form, func(n *yaml.Node, text string) { s.Of, s.Path, s.Place = of, r.pathOf(n, of, text), r.Place(n) })
	}
	known := map[Source]strict.Form{
		OfText: {Key: "text", Read: func(n *yaml.Node) {
			r.Mapping(n, strict.Key("text", "A regular expression on the body: its first group is kept, or the whole match.", r.Match(textOf, func(n *yaml.Node, text string) {
				s.Of = OfText
				expression(n, text)
			})), optional)
		}},
		OfHeader: {Key: "header", Read: func(n *yaml.Node) {
			r.Mapping(n, strict.Key("header", "The name of a header of the answer.", path(headerOf, OfHeader)), match, optional)
		}},
		OfCookie: {Key: "cookie", Read: func(n *yaml.Node) {
			r.Mapping(n, strict.Key("cookie", "The name of a cookie that the answer sets.", path(cookieOf, OfCookie)), match, optional)
		}},
	}
	for of, what := range map[Source]string{OfMetadata: "metadata of the answer", OfTrailer: "metadata behind the answer"} {
		known[of] = strict.Form{Key: string(of), Read: func(n *yaml.Node) {
			r.Mapping(n, strict.Key(string(of), "The name of "+what+".", path(metadataOf, of)), match, optional)
		}}
	}
	known[OfDetails] = strict.Form{Key: "details", Read: func(n *yaml.Node) {
		r.Mapping(n, strict.Key("details", "The GJSON path of a value in the details of the code, which are a list.", path(jsonPath, OfDetails)), match, optional)
	}}
	known[OfEvent] = strict.Form{Key: "event", Read: func(n *yaml.Node) {
		r.Mapping(n, strict.Key("event", "The type or the id of the event.", path(fieldForm, OfEvent)), match, optional)
	}}
	forms := []strict.Form{{Key: "json", Read: func(n *yaml.Node) {
		r.Mapping(n, strict.Key("json", "The GJSON path of a value in the answer.", path(jsonPath, OfJSON)), match, optional)
	}}}
	words := "{json: items.0.id}"
	for _, of := range sources {
		forms = append(forms, known[of])
		words += ", or {" + string(of) + ": …}"
	}
	r.Forms(n, "write where the value is: "+words, forms...)
}
