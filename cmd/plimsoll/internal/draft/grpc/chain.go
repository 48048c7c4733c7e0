package grpc

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// wanted is a value of a message that only the system or the user knows: an id of something that exists, or a secret.
type wanted struct {
	field protoreflect.FieldDescriptor
	mark  string // what stands in its place
}

// isWanted reports whether a field is such a value.
func isWanted(f protoreflect.FieldDescriptor) bool {
	name := string(f.Name())
	switch f.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind:
		small := strings.ToLower(name)
		return draft.IsID(name) && !isCallID(small) || draft.IsSecret(name) && text(name) != nil && f.Kind() == protoreflect.StringKind
	case protoreflect.BoolKind, protoreflect.EnumKind, protoreflect.FloatKind, protoreflect.DoubleKind, protoreflect.MessageKind, protoreflect.GroupKind:
		return false
	}
	return draft.IsID(name)
}

// want notes that a value must be known, and returns what stands in its place.
func (k *maker) want(f protoreflect.FieldDescriptor) string {
	mark := "unknown " + strconv.Itoa(len(k.wanted))
	k.wanted = append(k.wanted, wanted{f, mark})
	return mark
}

// source is a method whose answer has things that exist.
type source struct {
	of   protoreflect.MethodDescriptor
	item protoreflect.MessageDescriptor
	path string // of an item in the answer; empty for the answer itself
}

var (
	lists = regexp.MustCompile(`^(List|Search|Query|Find|GetAll|Browse|Scan)|List$`)
	makes = regexp.MustCompile(`^(Create|Add|Register|New|Insert|Put|Open|Start)`)
	needs = regexp.MustCompile(`^(Get|Read|Fetch|Lookup|Describe|Update|Patch|Modify|Set|Move|Copy|Rename)|Get$`) // or else an id is one field of several
	verb  = regexp.MustCompile(`^[A-Z][a-z]+`)
)

// sources are the methods that ids can come from: first those that list, then those that make something. They need no
// id themselves.
func sources(services []protoreflect.ServiceDescriptor) (found []source) {
	var made []source
	for _, s := range services {
		for i := range s.Methods().Len() {
			m := s.Methods().Get(i)
			if m.IsStreamingClient() || m.IsStreamingServer() || deletes.MatchString(string(m.Name())) {
				continue
			}
			if _, ids := stepOf(m); len(ids) > 0 {
				continue
			}
			if makes.MatchString(string(m.Name())) {
				made = append(made, single(m)...)
			} else if lists.MatchString(string(m.Name())) {
				found = append(found, listed(m)...)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b source) int { return a.rank() - b.rank() })
	return append(found, made...)
}

// rank puts what lists everything before what searches.
func (s source) rank() int {
	if strings.HasPrefix(string(s.of.Name()), "List") {
		return 0
	}
	return 1
}

// listed is what the lists in the answer of a method hold, and the messages in their items.
func listed(m protoreflect.MethodDescriptor) (found []source) {
	for _, f := range messages(m.Output()) {
		if !f.IsList() {
			continue
		}
		path := f.TextName() + ".0"
		found = append(found, source{m, f.Message(), path})
		for _, inner := range messages(f.Message()) {
			if !inner.IsList() {
				found = append(found, source{m, inner.Message(), path + "." + inner.TextName()})
			}
		}
	}
	return found
}

// single is the answer of a method, and the messages in it.
func single(m protoreflect.MethodDescriptor) []source {
	found := []source{{m, m.Output(), ""}}
	for _, f := range messages(m.Output()) {
		if !f.IsList() {
			found = append(found, source{m, f.Message(), f.TextName()})
		}
	}
	return found
}

// messages are the fields of a message that are messages.
func messages(d protoreflect.MessageDescriptor) (found []protoreflect.FieldDescriptor) {
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); f.Message() != nil && !f.IsMap() {
			found = append(found, f)
		}
	}
	return found
}

// find is where the answers of a source have the value that a field of a method wants.
func (s source) find(m protoreflect.MethodDescriptor, f protoreflect.FieldDescriptor) (path string, ok bool) {
	name := string(f.Name())
	kind, isOf := strings.CutSuffix(strings.ToLower(name), "_id")
	noun := verb.ReplaceAllString(string(m.Name()), "")
	about := s.item.FullName() == m.Output().FullName() || strings.EqualFold(string(s.item.Name()), noun)
	switch {
	case draft.IsSecret(name) && !draft.IsID(name), s.of == m:
		return "", false
	case isOf && strings.EqualFold(strings.ReplaceAll(kind, "_", ""), string(s.item.Name())) && s.has("id", f):
		name = "id"
	case !s.has(name, f), name == "id" && !about:
		return "", false
	}
	return strings.TrimPrefix(s.path+"."+name, "."), true
}

// has reports whether items have a value of a name, of the kind of a field.
func (s source) has(name string, f protoreflect.FieldDescriptor) bool {
	own := s.item.Fields().ByName(protoreflect.Name(name))
	return own != nil && own.Kind() == f.Kind() && own.Cardinality() != protoreflect.Repeated
}

// chain is a task whose steps save the ids that a step needs; the step itself is not in it. If there is no source for
// one, why says what to fill in.
func (w *writer) chain(m protoreflect.MethodDescriptor, step *draft.Step, ids []wanted) (task draft.Task, why string) {
	task.Name = string(m.Name())
	steps := map[string]int{} // by their methods
	var reasons []string
	for _, id := range ids {
		variable := w.variable(m, id.field)
		from, path, ok := w.source(m, id.field)
		if !ok && !needs.MatchString(string(m.Name())) && !draft.IsSecret(string(id.field.Name())) && id.field.Cardinality() != protoreflect.Required {
			step.Keys = remove(step.Keys, id.mark).(draft.Map)
			continue
		}
		if !ok {
			replace(step.Keys, id.mark, "${data."+variable+"}")
			w.fill(variable, id.field)
			is := "is"
			if id.field.IsList() {
				is = "are"
			}
			reasons = append(reasons, fmt.Sprintf("its %s %s unknown (fill data.%s)", id.field.Name(), is, variable))
			continue
		}
		replace(step.Keys, id.mark, "${"+variable+"}")
		at, there := steps[nameOf(from.of)]
		if !there {
			at = len(task.Steps)
			first, _ := stepOf(from.of)
			steps[nameOf(from.of)], task.Steps = at, append(task.Steps, first)
		}
		save, _ := task.Steps[at].Keys.Get("save").(draft.Map)
		save.Set(variable, path)
		task.Steps[at].Keys.Set("save", save)
	}
	return task, strings.Join(reasons, ", ")
}

// source finds a source that the user wants.
func (w *writer) source(m protoreflect.MethodDescriptor, f protoreflect.FieldDescriptor) (source, string, bool) {
	for _, s := range w.sources {
		if path, ok := s.find(m, f); ok && (w.in.Keeps == nil || w.in.Keeps(nameOf(s.of))) {
			return s, path, true
		}
	}
	return source{}, "", false
}

// variable is the name of a value: id of Product is product_id.
func (w *writer) variable(m protoreflect.MethodDescriptor, f protoreflect.FieldDescriptor) string {
	name := strings.ToLower(string(f.Name()))
	if noun := verb.ReplaceAllString(string(m.Name()), ""); name == "id" && noun != "" {
		return strings.ToLower(noun) + "_id"
	}
	return name
}

// fill adds a table of data, unless there is one.
func (w *writer) fill(name string, f protoreflect.FieldDescriptor) {
	if slices.ContainsFunc(w.draft.Data, func(t draft.Table) bool { return t.Name == name }) {
		return
	}
	made := any("1")
	switch f.Kind() {
	case protoreflect.StringKind:
	case protoreflect.BytesKind:
		made = "AAEC"
	default:
		made = 1
	}
	w.draft.Data = append(w.draft.Data, draft.Table{Name: name, Fill: "values of " + string(f.Name()) + " that exist", Made: []any{made}})
}

// chainName names the methods that a task begins with.
func (w *writer) chainName(t draft.Task) string {
	var names []string
	for _, s := range t.Steps {
		_, method := s.Word()
		names = append(names, method[strings.IndexByte(method, '/')+1:])
	}
	return strings.Join(names, " and ")
}

// remove takes the field with a mark out of a message.
func remove(value any, mark string) any {
	switch v := value.(type) {
	case draft.Map:
		v = slices.DeleteFunc(v, func(e draft.Entry) bool { return isMark(e.Value, mark) })
		for i := range v {
			v[i].Value = remove(v[i].Value, mark)
		}
		return v
	case []any:
		for i := range v {
			v[i] = remove(v[i], mark)
		}
	}
	return value
}

// replace puts a text in the place of a mark.
func replace(value any, mark, text string) any {
	switch v := value.(type) {
	case draft.Map:
		for i := range v {
			v[i].Value = replace(v[i].Value, mark, text)
		}
	case []any:
		for i := range v {
			v[i] = replace(v[i], mark, text)
		}
	case string:
		if v == mark {
			return text
		}
	}
	return value
}

// isMark reports whether a value is a mark, or a list of it.
func isMark(value any, mark string) bool {
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	text, ok := value.(string)
	return ok && text == mark
}
