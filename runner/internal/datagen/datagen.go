// Package datagen makes the values that calls are filled with: rows of data, generated values, and the
// values that a user has saved.
//
// A Source belongs to a plan, is shared by all users and never changes. A User makes the values
// of one user, or of one arrival after the other. The same plan and index give the same values in
// every run and on every shard, so shards need not talk. Users take the rows of a table in turn:
// user u of U the rows u, u+U, u+2U, …, so no row is drawn twice before all are used. A row is
// drawn once for a task, however many of its columns are used. Append allocates nothing once its
// destination is large enough.
package datagen

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// pool is how many different words and names there are.
const pool = 1000

// Source holds the tables and pools that all users draw from.
type Source struct {
	plan                *plan.Plan
	stride              int       // users of all shards
	orders              [][]int32 // the rows of each shuffled table in their order; nil for others
	words, names, mails []string
}

// notInMails removes characters of names that addresses must not have.
var notInMails = strings.NewReplacer(" ", "", "'", "")

// New prepares the tables of a plan.
func New(p *plan.Plan) *Source {
	s := &Source{plan: p, stride: max(p.AllUsers, 1)}
	for i, t := range p.Data {
		var order []int32
		if t.Order == profile.Shuffle {
			for _, row := range p.Rand(plan.RowOrder, i).Perm(len(t.Rows)) {
				order = append(order, int32(row))
			}
		}
		s.orders = append(s.orders, order)
	}
	faker := gofakeit.New(1) // the seed of a plan chooses from the pools, it does not make them
	for range pool {
		s.words = append(s.words, faker.Word())
		first, last := faker.FirstName(), faker.LastName()
		s.names = append(s.names, first+" "+last)
		s.mails = append(s.mails, strings.ToLower(notInMails.Replace(first+"."+last)))
	}
	return s
}

// User makes the values of one user. Not safe for concurrent use. Fields that few plans need are
// behind pointers, since there may be many users.
type User struct {
	source *Source
	pcg    rand.PCG
	rand   rand.Rand // reads pcg
	index  int
	seq    int64
	task   int        // how many tasks have begun; -1 before the first
	saved  []saved    // by slot
	tables *tables    // nil without data
	begin  *beginning // nil without on_start and on_stop
}

// saved is a value that a user keeps.
type saved struct {
	kind profile.ValueKind
	text []byte
}

// tables is where a user is in each table of data.
type tables struct {
	rows   []int // the present row; -1 before it is drawn: own or inTask
	draws  []int // how many rows were drawn
	own    []int // rows of on_start and on_stop
	inTask []int // rows of the present task
}

// beginning is the rows and numbers of on_start and on_stop.
type beginning struct {
	now  bool     // on_start or on_stop is at work, and no task
	kept rand.PCG // the state of its numbers, while a task is at work
}

// User starts the values of a user that saves up to slots variables.
func (s *Source) User(index, slots int) *User {
	u := s.user(slots)
	u.Reset(index)
	if u.begin = s.beginning(); u.begin != nil {
		s.plan.Reseed(&u.begin.kept, plan.Begin, index)
	}
	u.Begin()
	return u
}

// beginning is nil if no user has steps of that kind.
func (s *Source) beginning() *beginning {
	for i := range s.plan.Behaviours {
		if b := &s.plan.Behaviours[i]; len(b.OnStart)+len(b.OnStop) > 0 {
			return &beginning{}
		}
	}
	return nil
}

// Once starts the values of setup and teardown, which save up to slots variables. They have the number
// and the rows of the first user, but generate values that nobody else does.
func (s *Source) Once(slots int) *User {
	u := s.user(slots)
	u.begin = &beginning{}
	s.plan.Reseed(&u.begin.kept, plan.Once, 0)
	u.Begin()
	return u
}

func (s *Source) user(slots int) *User {
	u := &User{source: s, saved: make([]saved, slots)}
	u.rand = *rand.New(&u.pcg)
	if n := len(s.plan.Data); n > 0 {
		u.tables = &tables{draws: make([]int, n), own: slices.Repeat([]int{-1}, n), inTask: make([]int, n)}
	}
	return u
}

// Reset makes u another user or arrival, at its beginning. Values that on_start saved stay.
func (u *User) Reset(index int) {
	u.index, u.seq, u.task = index, 0, -1
	if u.tables != nil {
		clear(u.tables.draws)
	}
	u.NextTask()
}

// Begin says that on_start or on_stop is next. Every on_start and on_stop of a user, renewals too,
// sees the same rows and continues the same series of random numbers.
func (u *User) Begin() {
	if u.begin == nil || u.begin.now {
		return
	}
	u.begin.now, u.pcg = true, u.begin.kept
	if u.tables != nil {
		u.tables.rows = u.tables.own
	}
}

// NextTask says that a task is next. Its first use of a table draws another row. What it generates
// depends on the plan, the user and the number of tasks before, not on how those went. Values that
// tasks saved are forgotten.
func (u *User) NextTask() {
	if u.begin != nil && u.begin.now {
		u.begin.now, u.begin.kept = false, u.pcg
	}
	u.task++
	u.source.plan.Reseed(&u.pcg, plan.Fill, int(uint64(u.index)+uint64(u.task)<<40))
	if t := u.tables; t != nil {
		t.rows = t.inTask
		for i := range t.rows {
			t.rows[i] = -1
		}
	}
	// A task must not see values that it saved earlier: an optional one would seem to be there.
	for i := min(u.source.plan.Lasting, len(u.saved)); i < len(u.saved); i++ {
		u.saved[i].kind, u.saved[i].text = profile.NoValue, u.saved[i].text[:0]
	}
}

// Save keeps a copy of a value. The zero Value empties the slot.
func (u *User) Save(slot int, value profile.Value) {
	s := &u.saved[slot]
	s.kind, s.text = value.Kind, append(s.text[:0], value.Text...)
}

// Saved returns the value in a slot. It is valid until the next Save.
func (u *User) Saved(slot int) profile.Value {
	s := &u.saved[slot]
	return profile.Value{Kind: s.kind, Text: string(s.text)}
}

// Holds reports whether all guards of a step hold.
func (u *User) Holds(guards []plan.Guard) bool {
	for i := range guards {
		g := &guards[i]
		value := profile.Value{Kind: u.kind(g.Value), Text: string(u.Append(nil, g.Value))}
		if value.Kind == profile.NullValue {
			value.Text = "null"
		}
		if !g.Condition.Holds(value) {
			return false
		}
	}
	return true
}

// kind is the kind of the value of a text that is one variable.
func (u *User) kind(t plan.Text) profile.ValueKind {
	if len(t) == 0 { // a variable of the environment that is empty
		return profile.UntypedValue
	}
	switch p := &t[0]; p.Kind {
	case plan.Saved:
		return u.saved[p.Slot].kind
	case plan.Column:
		return u.row(p.Table)[p.Column].Kind
	case plan.Generated:
		return generatedKind(&p.Generator)
	}
	return profile.UntypedValue
}

// generatedKind is the kind of a generator's values.
func generatedKind(g *profile.Generator) profile.ValueKind {
	switch {
	case g.Kind == profile.Floats:
		return profile.JSONValue
	case g.Kind.Numeric():
		return profile.NumberValue
	}
	return profile.TextValue
}

// row is the present row of a table.
func (u *User) row(table int) []profile.Value {
	t := &u.source.plan.Data[table]
	present := &u.tables.rows[table]
	if *present < 0 {
		*present = u.draw(table, len(t.Rows))
	}
	return t.Rows[*present]
}

func (u *User) draw(table, rows int) int {
	n := u.index + u.tables.draws[table]*u.source.stride
	u.tables.draws[table]++
	if u.source.plan.Data[table].Order == profile.Random {
		return u.rand.IntN(rows)
	}
	row := n % rows
	if u.source.stride > 1 {
		// Once each user is back at its first row, all move on by one row. With as many users as
		// rows that is soon.
		row = (row + n/lcm(u.source.stride, rows)) % rows
	}
	if order := u.source.orders[table]; order != nil {
		row = int(order[row])
	}
	return row
}

// lcm is the least common multiple.
func lcm(a, b int) int {
	gcd, rest := a, b
	for rest != 0 {
		gcd, rest = rest, gcd%rest
	}
	return a / gcd * b
}

// Append adds a text with the user's values in it.
func (u *User) Append(dst []byte, t plan.Text) []byte {
	for i := range t {
		switch p := &t[i]; {
		case p.Kind == plan.Literal:
			dst = append(dst, p.Literal...)
		case p.Kind == plan.Generated && p.Escape == plan.Plain: // most variables
			dst = u.generate(dst, &p.Generator)
		default:
			from := len(dst)
			var kind profile.ValueKind
			dst, kind = u.value(dst, p)
			dst = escape(dst, from, p.Escape, kind)
		}
	}
	return dst
}

// value adds the value of a variable. In place of a whole JSON value, a missing value is null;
// elsewhere null is written as nothing.
func (u *User) value(dst []byte, p *plan.Part) ([]byte, profile.ValueKind) {
	switch p.Kind {
	case plan.Generated:
		return u.generate(dst, &p.Generator), generatedKind(&p.Generator)
	case plan.Saved:
		s := &u.saved[p.Slot]
		if s.kind == profile.NoValue && p.Escape.IsWhole() {
			return append(dst, "null"...), profile.NullValue
		}
		return append(dst, s.text...), s.kind
	case plan.Column:
		cell := &u.row(p.Table)[p.Column]
		if cell.Kind == profile.NullValue && !p.Escape.IsWhole() {
			return dst, profile.NullValue
		}
		return append(dst, cell.Text...), cell.Kind
	}
	panic("datagen: a part of kind " + strconv.Itoa(int(p.Kind)))
}

// generate adds a generator's next value.
func (u *User) generate(dst []byte, g *profile.Generator) []byte {
	s := u.source
	switch g.Kind {
	case profile.Int:
		return strconv.AppendInt(dst, u.between(g.Integers[0], g.Integers[1]), 10)
	case profile.Float:
		low, top := g.Floats[0], g.Floats[1]
		return strconv.AppendFloat(dst, low+u.rand.Float64()*(top-low), 'g', -1, 64)
	case profile.Floats:
		return u.floats(dst, g.Count)
	case profile.UUID:
		return u.uuid(dst)
	case profile.Word:
		return append(dst, s.words[u.rand.IntN(pool)]...)
	case profile.Sentence:
		return u.sentence(dst, g.Count)
	case profile.FullName:
		return append(dst, s.names[u.rand.IntN(pool)]...)
	case profile.Email:
		dst = append(dst, s.mails[u.rand.IntN(pool)]...)
		dst = append(dst, '.')
		dst = strconv.AppendUint(dst, uint64(u.rand.Uint32()), 36) // few are equal
		return append(dst, "@example.com"...)
	case profile.Now:
		return time.Now().UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	case profile.Seq:
		u.seq++
		return strconv.AppendInt(dst, u.seq, 10)
	case profile.UserID:
		return strconv.AppendInt(dst, int64(u.index), 10)
	}
	panic("datagen: a generator of kind " + strconv.Itoa(int(g.Kind)))
}

// between draws evenly, both ends included, even over the whole range of int64.
func (u *User) between(least, most int64) int64 {
	span := uint64(most) - uint64(least) + 1
	if span == 0 {
		return int64(u.rand.Uint64())
	}
	return int64(uint64(least) + u.rand.Uint64N(span))
}

// floats is a JSON array of numbers from -1 up to 1, as vectors have them.
func (u *User) floats(dst []byte, n int) []byte {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendFloat(dst, float64(2*u.rand.Float32()-1), 'g', 6, 32)
	}
	return append(dst, ']')
}

// uuid is a random one, version 4 of RFC 9562.
func (u *User) uuid(dst []byte) []byte {
	const digits = "0123456789abcdef"
	high, low := u.rand.Uint64(), u.rand.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(0xc<<60) | 0x8<<60
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			dst = append(dst, '-')
		}
		word := high
		if i >= 16 {
			word = low
		}
		dst = append(dst, digits[word>>(60-4*(i%16))&0xf])
	}
	return dst
}

func (u *User) sentence(dst []byte, words int) []byte {
	from := len(dst)
	for i := range words {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, u.source.words[u.rand.IntN(pool)]...)
	}
	if first := dst[from]; first >= 'a' && first <= 'z' {
		dst[from] = first - 'a' + 'A'
	}
	return append(dst, '.')
}
