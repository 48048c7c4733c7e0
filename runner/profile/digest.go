package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Digest identifies the load of a profile: 64 hexadecimal digits. Only runs with equal digests are compared.
// The gate and the limits do not count, because runs stay comparable when these change. Environment
// variables count by name, not by value; files count by their content.
func (p *Profile) Digest() string {
	text, err := json.Marshal(p.digestV1())
	if err != nil {
		panic("profile: " + err.Error()) // plain fields only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// The digest counts the types below and nothing else, so a new field of Profile changes no digest. If it
// must count, add it here too, with omitempty or omitzero and its default as zero: profiles without it keep
// their digests and so their baselines. Never change a name or an order here.
type (
	digestV1 struct {
		Name     string
		Target   targetV1
		Load     loadV1
		Data     []dataV1 `json:",omitempty"`
		Users    []userV1
		Setup    []stepV1 `json:",omitempty"`
		Teardown []stepV1 `json:",omitempty"`
	}
	targetV1 struct {
		URL         Template
		Socket      Template `json:",omitempty"`
		Headers     []Header `json:",omitempty"`
		Timeout     time.Duration
		HTTP        HTTPVersion
		Redirects   int       `json:",omitempty"`
		Cookies     bool      // true by default
		Connections int       `json:",omitempty"`
		CA          []byte    `json:",omitempty"`
		Cert        []byte    `json:",omitempty"` // the key belongs to it
		ServerName  string    `json:",omitempty"`
		Insecure    bool      `json:",omitempty"`
		Start       *startV1  `json:",omitempty"`
		GRPC        *grpcV1   `json:",omitempty"`
		Locust      *locustV1 `json:",omitempty"`
	}
	// The digest covers what is sent, not how messages are described: a new method in a description leaves
	// runs comparable.
	grpcV1 struct {
		URL        Template `json:",omitempty"`
		MaxMessage int      `json:",omitempty"` // unless it is the default
		Compress   string   `json:",omitempty"`
	}
	startV1 struct {
		Build      Template `json:",omitempty"`
		Command    Template
		Dir        string   `json:",omitempty"`
		Env        []Header `json:",omitempty"`
		Ready      ReadyKind
		Path       string `json:",omitempty"`
		Log        string `json:",omitempty"`
		Within     time.Duration
		StopWithin time.Duration
		Health     string `json:",omitempty"`
	}
	loadV1 struct {
		Users       int
		SpawnRate   float64
		Rate        float64 `json:",omitempty"`
		Arrivals    Spacing
		MaxInFlight int
		Stages      []stageV1 `json:",omitempty"`
		WarmUp      time.Duration
		RunTime     time.Duration
		Rounds      int
		Seed        uint64
		StopWithin  time.Duration
	}
	stageV1 struct {
		Users int     `json:",omitempty"`
		Rate  float64 `json:",omitempty"`
		For   time.Duration
	}
	dataV1 struct {
		Name    string
		Order   Order
		Columns []string `json:",omitempty"`
		Sum     string
	}
	userV1 struct {
		Name    string
		Weight  int      `json:",omitempty"`
		Fixed   int      `json:",omitempty"`
		Wait    waitV1   `json:",omitzero"`
		OnStart []stepV1 `json:",omitempty"`
		OnStop  []stepV1 `json:",omitempty"`
		Tasks   []taskV1
		Renew   time.Duration `json:",omitempty"`
	}
	taskV1 struct {
		Name   string
		Weight int
		Tags   []string `json:",omitempty"`
		Steps  []stepV1
	}
	waitV1 struct {
		Kind   WaitKind
		Min    time.Duration `json:",omitempty"`
		Max    time.Duration `json:",omitempty"`
		Period time.Duration `json:",omitempty"`
	}
	stepV1 struct {
		Wait   *waitV1     `json:",omitempty"`
		Call   *callV1     `json:",omitempty"`
		Steps  []stepV1    `json:",omitempty"`
		Repeat Repeat      `json:",omitzero"`
		If     []Condition `json:",omitempty"`
	}
	callV1 struct {
		Routes   []string
		Save     []saveV1      `json:",omitempty"`
		Within   time.Duration `json:",omitempty"`
		Protocol string
		Content  any         // its Canonical
		Messages []messageV1 `json:",omitempty"`
	}
	saveV1 struct {
		Name, Path string
		Of         Source `json:",omitempty"`
		Match      string `json:",omitempty"`
		Optional   bool   `json:",omitempty"`
	}
	messageV1 struct {
		Route   string        `json:",omitempty"`
		Wait    *waitV1       `json:",omitempty"`
		Sends   bool          `json:",omitempty"`
		Repeat  int           `json:",omitempty"`
		Awaits  Awaits        `json:",omitempty"`
		Count   int           `json:",omitempty"`
		For     time.Duration `json:",omitempty"`
		Within  time.Duration `json:",omitempty"`
		Save    []saveV1      `json:",omitempty"`
		Content any           `json:",omitempty"` // its Canonical
	}
)

func (p *Profile) digestV1() digestV1 {
	return digestV1{p.Name, p.Target.digestV1(), p.Load.digestV1(), each(p.Data, Table.digestV1), each(p.Users, Behaviour.digestV1), each(p.Setup, Step.digestV1), each(p.Teardown, Step.digestV1)}
}

func (t Target) digestV1() targetV1 {
	var start *startV1
	if s := t.Start; s != nil {
		start = &startV1{s.Build, s.Command, s.Dir, s.Env, s.Ready.Kind, s.Ready.Path, s.Ready.Log, s.Ready.Within, s.StopWithin, s.Ready.Health}
	}
	return targetV1{
		t.URL, t.Socket, t.Headers, t.Timeout, t.HTTP, t.Redirects, t.Cookies, t.Connections,
		t.TLS.CA, t.TLS.Cert, t.TLS.ServerName, t.TLS.Insecure, start, t.GRPC.digestV1(), t.Locust.digestV1(),
	}
}

func (t *GRPCTarget) digestV1() *grpcV1 {
	switch {
	case t == nil || t.URL == "" && t.MaxMessage == DefaultMaxMessage && t.Compress == "":
		return nil
	case t.MaxMessage == DefaultMaxMessage:
		return &grpcV1{URL: t.URL, Compress: t.Compress}
	}
	return &grpcV1{t.URL, t.MaxMessage, t.Compress}
}

func (l Load) digestV1() loadV1 {
	stages := each(l.Stages, func(s Stage) stageV1 { return stageV1(s) })
	return loadV1{l.Users, l.SpawnRate, l.Rate, l.Arrivals, l.MaxInFlight, stages, l.WarmUp, l.RunTime, l.Rounds, l.Seed, l.StopWithin}
}

func (t Table) digestV1() dataV1 { return dataV1{t.Name, t.Order, t.Columns, t.Sum} }

func (u Behaviour) digestV1() userV1 {
	return userV1{u.Name, u.Weight, u.Fixed, u.Wait.digestV1(), each(u.OnStart, Step.digestV1), each(u.OnStop, Step.digestV1), each(u.Tasks, Task.digestV1), u.Renew}
}

func (t Task) digestV1() taskV1 {
	return taskV1{t.Name, t.Weight, t.Tags, each(t.Steps, Step.digestV1)}
}

func (w Wait) digestV1() waitV1 { return waitV1(w) }

func (s Step) digestV1() (v stepV1) {
	if s.Wait != nil {
		v.Wait = new(s.Wait.digestV1())
	}
	if s.Call != nil {
		v.Call = new(s.Call.digestV1())
	}
	v.Steps, v.Repeat, v.If = each(s.Steps, Step.digestV1), s.Repeat, s.If
	return v
}

func (c *Call) digestV1() callV1 {
	return callV1{c.Routes, each(c.Save, Save.digestV1), c.Within, c.Content.Protocol(), c.Content.Canonical(), each(c.Messages, Message.digestV1)}
}

func (s Save) digestV1() saveV1 { return saveV1{s.Name, s.Path, s.Of, s.Match, s.Optional} }

func (m Message) digestV1() messageV1 {
	v := messageV1{m.Route, nil, m.Sends, m.Repeat, m.Awaits, m.Count, m.For, m.Within, each(m.Save, Save.digestV1), nil}
	if m.Wait != nil {
		v.Wait = new(m.Wait.digestV1())
	}
	if m.Content != nil {
		v.Content = m.Content.Canonical()
	}
	return v
}

// MarshalJSON gives what the digest counts.
func (h Header) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]string{h.Name, string(h.Value)})
}

// MarshalJSON gives what the digest counts.
func (c Condition) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Path    string
		Op      Op
		Operand string `json:",omitempty"`
		Text    bool   `json:",omitempty"`
		Of      Source `json:",omitempty"`
	}{c.Path, c.Op, c.Operand, c.Text, c.Of})
}

func each[T, V any](all []T, of func(T) V) (values []V) {
	for _, one := range all {
		values = append(values, of(one))
	}
	return values
}
