package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
)

// fromVariables sets the flags that the command line leaves out from the environment that it was given. kong
// has a tag for that, env, which reads the process's own environment: an action that hands its inputs on
// would have to write into that.
func fromVariables(a *console.Console) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, name := range variables(flag.Value) {
			if value := a.Env.Get(name); value != "" { // workflows set empty ones for what nobody has filled in
				return value, readable(flag, name, value)
			}
		}
		return nil, nil
	})
}

// variableError says that a variable's value is none for its flag. kong would name the flag, which nobody wrote.
type variableError struct {
	name, value string
	wrong       error
}

func (e *variableError) Error() string {
	return fmt.Sprintf("%s=%s, in the environment: %v", e.name, e.value, e.wrong)
}

// readable reports, as an error that names the variable, that its value is none for the flag.
func readable(flag *kong.Flag, name, value string) error {
	target := reflect.New(flag.Target.Type()).Elem()
	scan := kong.Scan().PushTyped(value, kong.FlagValueToken)
	err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target)
	if err == nil {
		return nil
	}
	kind := target.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch kind.Kind() {
	case reflect.Int:
		err = errors.New("expected a whole number, such as 50")
	case reflect.Float64:
		err = errors.New("expected a number, such as 2.5")
	}
	return &variableError{name, value, err}
}

// variables are the names of the variables that set a flag.
func variables(flag *kong.Value) []string {
	if flag.Tag == nil || !flag.Tag.Has("variables") {
		return nil
	}
	return strings.Split(flag.Tag.Get("variables"), ",")
}

// helpWithVariables is the help of a flag, with the variables that set it.
func helpWithVariables(flag *kong.Value) string {
	names := variables(flag)
	if len(names) == 0 {
		return flag.Help
	}
	return fmt.Sprintf("%s ($%s).", strings.TrimSuffix(flag.Help, "."), strings.Join(names, ", $"))
}
