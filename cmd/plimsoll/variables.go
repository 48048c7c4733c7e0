package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
)

// fromVariables sets the flags that are missing on the command line from the console's environment. kong's own tag
// for this, env, reads the process's environment: the action would have to change it to pass its inputs on.
func fromVariables(a *console.Console) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, name := range variables(flag.Value) {
			if value := a.Env.Get(name); value != "" { // a workflow sets an empty variable for an input that is not given
				return value, readable(flag, name, value)
			}
		}
		return nil, nil
	})
}

// variableError is a variable whose value its flag cannot take. kong's error would name the flag, which the user
// did not write.
type variableError struct {
	name, value string
	wrong       error
}

func (e *variableError) Error() string {
	return fmt.Sprintf("%s=%s, in the environment: %v", e.name, e.value, e.wrong)
}

// readable returns an error that names the variable if the flag cannot take its value.
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
