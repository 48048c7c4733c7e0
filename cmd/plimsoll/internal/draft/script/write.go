package script

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// Draft writes a program as the draft of a profile. host is scheme://host of the system when the user or the script
// names it.
func (m *Machine) Draft(p *Program, in draft.Input, host string) *draft.Draft {
	m.settle(p)
	w := &writer{m: m, in: in, d: &draft.Draft{}, host: strings.TrimSuffix(host, "/"), origins: map[string]int{}, used: map[string]bool{}, secrets: map[string]string{}, labels: draft.Labels{}}
	w.chooseHost(p)
	w.d.Setup = w.steps(p.Setup)
	w.d.Teardown = w.steps(p.Teardown)
	for _, u := range p.Users {
		user := draft.User{Name: u.Name, Above: u.Above, Keys: u.Keys, OnStart: w.steps(u.OnStart), OnStop: w.steps(u.OnStop)}
		for _, t := range u.Tasks {
			if task, ok := w.task(t); ok {
				user.Tasks = append(user.Tasks, task)
			}
		}
		if !user.IsOff() {
			w.d.Users = append(w.d.Users, user)
		} else if len(user.Tasks) > 0 {
			m.Note(u.place(), "the user %s has no request that can be written, and is left out", u.Name)
		}
	}
	w.tables()
	for _, n := range m.Notes {
		w.d.Notes = append(w.d.Notes, draft.Note{File: cmp.Or(n.File, in.Name), Line: n.Line, Column: n.Col, Text: n.Text})
	}
	slices.SortStableFunc(w.d.Notes, func(a, b draft.Note) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return w.d
}

func (u *Scenario) place() At {
	for _, t := range u.Tasks {
		return t.At
	}
	return At{}
}

// writer turns steps into those of a draft.
type writer struct {
	m       *Machine
	in      draft.Input
	d       *draft.Draft
	host    string // of the system
	base    string // the variable that stands for it, such as env.BASE_URL
	origins map[string]int
	used    map[string]bool   // tables
	secrets map[string]string // of headers, by the variable that stands for each
	labels  draft.Labels      // of operations of GraphQL
}

// chooseHost finds out which host is the system's: the one that most requests go to, if none is named.
func (w *writer) chooseHost(p *Program) {
	bases := map[string]int{}
	count := func(s *Step) {
		if origin, _, ok := origin(s.URL); ok {
			w.origins[origin]++
		} else if base, _ := leadingVariable(s.URL); base != "" {
			bases[base]++
		}
	}
	each(p.Setup, count)
	for _, u := range p.Users {
		each(u.OnStart, count)
		for _, t := range u.Tasks {
			each(t.Steps, count)
		}
	}
	most := func(of map[string]int) (name string) {
		for candidate, n := range of {
			if n > of[name] || n == of[name] && candidate < name {
				name = candidate
			}
		}
		return name
	}
	w.base = most(bases)
	named := w.in.Host
	if w.host != "" && !hostForm.MatchString(w.host) {
		w.host = ""
	}
	if w.host == "" {
		if w.host = most(w.origins); w.host == "" || bases[w.base] > w.origins[w.host] {
			w.host = named
		}
	}
	if !hostForm.MatchString(w.host) {
		w.host = ""
	}
	w.d.URL = cmp.Or(named, w.host)
}

var (
	scheme   = regexp.MustCompile(`^(?i)(https?|wss?)://[^/?#$\s]+`)
	hostForm = regexp.MustCompile(`^(?i)https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
)

// origin is scheme and host of an address that is known so far, and the rest of it.
func origin(v Value) (host string, rest Value, ok bool) {
	first, others := parts(v)
	host = scheme.FindString(first)
	if host == "" || host == first && len(others) > 0 { // the variable may be a port, or the end of a name
		return "", v, false
	}
	return strings.Replace(strings.ToLower(host), "ws", "http", strings.Count(host[:2], "ws")), &Text{append([]Value{first[len(host):]}, others...)}, true
}

// leadingVariable is the variable that an address begins with.
func leadingVariable(v Value) (name string, rest Value) {
	t, is := v.(*Text)
	if !is || len(t.Parts) == 0 {
		if v, is := v.(*Var); is && strings.HasPrefix(v.Name, "env.") {
			return v.Name, ""
		}
		return "", v
	}
	if v, is := t.Parts[0].(*Var); is && strings.HasPrefix(v.Name, "env.") {
		return v.Name, &Text{t.Parts[1:]}
	}
	return "", v
}

// parts is the known beginning of a text, and what follows it.
func parts(v Value) (first string, others []Value) {
	switch v := v.(type) {
	case string:
		return v, nil
	case *Text:
		if len(v.Parts) > 0 {
			if s, is := v.Parts[0].(string); is {
				return s, v.Parts[1:]
			}
		}
		return "", v.Parts
	}
	return "", []Value{v}
}

// task writes a task. One without requests is left out.
func (w *writer) task(t *Task) (draft.Task, bool) {
	task := draft.Task{Name: t.Name, Steps: w.steps(t.Steps)}
	if t.Weight > 1 {
		task.Keys = append(task.Keys, draft.Entry{Key: "weight", Value: t.Weight})
	}
	if len(t.Tags) > 0 {
		var tags []any
		for _, tag := range t.Tags {
			tags = append(tags, tag)
		}
		task.Keys = append(task.Keys, draft.Entry{Key: "tags", Value: tags})
	}
	calls := slices.ContainsFunc(task.Steps, func(s draft.Step) bool { return s.IsCall() || s.Keys.Get("steps") != nil })
	if !calls {
		w.m.Note(t.At, "the task %s makes no request that was found, and is left out", t.Name)
		return task, false
	}
	return task, true
}

func (w *writer) steps(steps []*Step) (written []draft.Step) {
	for _, s := range steps {
		written = append(written, w.step(s))
	}
	return written
}

func (w *writer) step(s *Step) draft.Step {
	var one draft.Step
	switch {
	case s.Wait != "":
		one.Keys = draft.Map{{Key: "wait", Value: s.Wait}}
	case len(s.Steps) > 0:
		var items []any
		for _, inner := range w.steps(s.Steps) {
			above := inner.Above
			if s.Off == "" {
				above = strings.TrimSpace(above + "\n" + inner.Off)
			}
			items = append(items, draft.Item{Value: draft.Block{Value: inner.Keys}, Above: above, Off: inner.Off != "" && s.Off == ""})
		}
		one.Keys = draft.Map{{Key: "steps", Value: draft.Block{Value: items}}}
		if s.Off == "" && !slices.ContainsFunc(items, func(item any) bool { return !item.(draft.Item).Off }) {
			s.Off = "none of its steps can be written"
		}
	default:
		one.Keys = w.call(s)
		w.noteOff(s, one)
	}
	if most := s.times(); most > maxTimesInAll {
		w.m.Note(s.At, "its loops go round %d times in all, which are too many for a profile; the outer one is left out", most)
		s.Repeat = ""
	}
	if s.Repeat != "" && s.Repeat != "1" {
		var times any = s.Repeat
		if n, err := strconv.Atoi(s.Repeat); err == nil {
			times = n
		}
		one.Keys = append(one.Keys, draft.Entry{Key: "repeat", Value: times})
	}
	if conditions := w.conditions(s); len(conditions) > 0 {
		one.Keys = append(one.Keys, draft.Entry{Key: "if", Value: conditions})
	}
	one.Off = s.Off
	if s.Off != "" && s.Line > 0 {
		one.Off = fmt.Sprintf("line %d: %s", s.Line, s.Off)
	}
	return one
}

// maxTimesInAll is how often a profile may do a step at most, in groups in groups.
const maxTimesInAll = 1_000_000

// times is how often what stands innermost in a step is done at most.
func (s *Step) times() int {
	most := 1
	for _, inner := range s.Steps {
		most = max(most, inner.times())
	}
	_, last, ranged := strings.Cut(s.Repeat, "..")
	if !ranged {
		last = s.Repeat
	}
	n, err := strconv.Atoi(last)
	if err != nil {
		return most
	}
	return min(most, maxTimesInAll) * max(1, n)
}

// noteOff notes a request that is left out.
func (w *writer) noteOff(s *Step, one draft.Step) {
	if s.Off != "" {
		word, what := one.Word()
		w.m.Note(s.At, "%s %s is a comment: %s", word, what, s.Off)
	}
}

func (w *writer) conditions(s *Step) (conditions draft.Map) {
	for _, t := range s.If {
		name := ""
		switch of := t.Of.(type) {
		case *Var:
			name = of.Name
			w.uses(name)
		case *Part:
			name = of.save().Name
		}
		var want any
		switch t.Op {
		case "exists", "filled":
			want = "exists"
		case "==":
			if want = w.plain(t.With); want == nil {
				want = "== null"
			} else if s, is := want.(string); is && (operatorFirst.MatchString(s) || s == "exists") {
				want = "== " + s
			}
		case "~", "!=", "<", "<=", ">", ">=":
			want = strings.TrimSpace(t.Op + " " + fmt.Sprint(w.plain(t.With)))
		default:
			continue
		}
		if conditions.Get(name) == nil {
			conditions = append(conditions, draft.Entry{Key: name, Value: want})
		}
	}
	return conditions
}

// plain is a known value as a draft has it.
func (w *writer) plain(v Value) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v
	}
	s, _ := w.m.StringOf(w.m.text(v))
	return s
}

// tables writes the tables of data. Rows of mappings go into files of JSON lines.
func (w *writer) tables() {
	for _, t := range w.m.Tables {
		if !w.used[t.Name] {
			continue
		}
		table := draft.Table{Name: t.Name}
		if t.whole {
			var lines strings.Builder
			for _, row := range t.Rows {
				text, _ := w.m.jsonText(row).(string)
				lines.WriteString(text + "\n")
			}
			path := t.Name + ".jsonl"
			w.d.Files = append(w.d.Files, draft.File{Path: path, Content: []byte(lines.String())})
			table.Keys = draft.Map{{Key: "file", Value: path}}
		} else {
			for _, row := range t.Rows {
				table.Values = append(table.Values, row)
			}
		}
		if t.Order != "sequential" {
			table.Keys = append(table.Keys, draft.Entry{Key: "order", Value: t.Order})
		}
		w.d.Data = append(w.d.Data, table)
	}
}

// template is a value as a text of a profile.
func (w *writer) template(v Value) string {
	t, is := w.m.text(v).(*Text)
	if !is {
		s, _ := w.m.text(v).(string)
		return draft.Literal(s)
	}
	var b strings.Builder
	for i, p := range t.Parts {
		switch p := p.(type) {
		case string:
			if i+1 < len(t.Parts) {
				b.WriteString(draft.LiteralBefore(p))
			} else {
				b.WriteString(draft.Literal(p))
			}
		case *Var:
			b.WriteString("${" + p.Name + "}")
			w.uses(p.Name)
		case *Part:
			if save := p.save(); save != nil {
				b.WriteString("${" + save.Name + "}")
			}
		}
	}
	return b.String()
}

// uses notes a variable of the environment.
func (w *writer) uses(variable string) {
	if table, isData := strings.CutPrefix(variable, "data."); isData {
		table, _, _ = strings.Cut(table, ".")
		w.used[table] = true
	}
	name, isEnv := strings.CutPrefix(variable, "env.")
	if !isEnv || slices.ContainsFunc(w.d.Env, func(v draft.Variable) bool { return v.Name == name }) {
		return
	}
	w.d.Env = append(w.d.Env, draft.Variable{Name: name, Why: w.in.Name + " reads it from the environment"})
}
