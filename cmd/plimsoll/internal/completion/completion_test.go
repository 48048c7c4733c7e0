package completion_test

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/completion"
)

// grammar has one of each kind of flag and argument.
type grammar struct {
	Paint struct {
		Colour string   `short:"c" enum:"red,green,grey" default:"red" help:"Which colour."`
		Quick  bool     `short:"q" help:"In a hurry."`
		Layers int      `help:"How many."`
		Secret string   `hidden:""`
		Out    string   `short:"o" file:""`
		Kind   string   `arg:"" enum:"wall,door"`
		Rooms  []string `arg:"" optional:"" file:""`
	} `cmd:"" help:"Paint something."`
	Plan struct {
		Show struct{} `cmd:""`
		Sell struct{} `cmd:""`
		Burn struct{} `cmd:"" hidden:""`
	} `cmd:"" help:"Plans."`
	Pass struct {
		Args []string `arg:"" optional:""`
	} `cmd:"" hidden:"" passthrough:""`
}

func TestComplete(t *testing.T) {
	parser, err := kong.New(&grammar{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"", "paint plan"}, // the last word begins after the last space
		{"pai", "paint"},
		{"x", ""},
		{"-", "--help"},
		{"plan ", "show sell"},
		{"plan se", "sell"},
		{"paint --", "--help --colour --quick --layers --out"},
		{"paint --qu", "--quick"},
		{"paint --colour ", "red green grey"},
		{"paint --colour gr", "green grey"},
		{"paint -c gr", "green grey"},
		{"paint --colour=gr", "--colour=green --colour=grey"},
		{"paint --colour = gr", "green grey"}, // as bash cuts --colour=gr
		{"paint --colour =", "red green grey"},
		{"paint --colour=red ", "wall door"},
		{"paint --colour red ", "wall door"},
		{"paint --layers ", ""},
		{"paint --unknown=", ""},
		{"paint --out ", ":files"},
		{"paint --out=a", ":files"},
		{"paint -o a", ":files"},
		{"paint -q wa", "wall"},
		{"paint wall ", ":files"},
		{"paint wall a b ", ":files"},
		{"paint -- do", "door"},
		{"paint -- --", ""},
		{"pass ", ""},
		{"pass --", ""},
	} {
		answer := completion.Complete(parser.Model.Node, strings.Split(c.line, " "))
		var got []string
		if answer.Files {
			got = append(got, ":files")
		}
		for _, word := range answer.Words {
			got = append(got, word.Text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: got %q, want %q", c.line, got, c.want)
		}
	}
	if answer := completion.Complete(parser.Model.Node, nil); len(answer.Words) != 2 {
		t.Errorf("no words: got %v", answer.Words)
	}
}

func TestScript(t *testing.T) {
	if _, err := completion.Script("tcsh"); err == nil || err.Error() != `there is no completion for the shell "tcsh"` {
		t.Errorf("tcsh: got %v", err)
	}
}
