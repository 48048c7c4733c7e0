package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
)

// fromVariables sets the flags that the command line leaves out from the environment that it was given. kong
// has a tag for that, env, which reads the process's own environment: an action that hands its inputs on
// would have to write into that.
func fromVariables(env environ.Values) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, name := range variables(flag.Value) {
			if value, ok := env.Lookup(name); ok {
				return value, nil
			}
		}
		return nil, nil
	})
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
