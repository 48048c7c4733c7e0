package locust

import (
	"path"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// pathlib is the module pathlib. A path is its text: no text of Python has the attributes of a path.
func (l *library) pathlib() *script.Native {
	return module("pathlib", map[string]script.Value{"Path": &script.Native{Name: "Path", Do: joinedPath, Has: map[string]script.Value{
		"cwd": native("Path.cwd", func(*script.Invocation) script.Value { return "." })}}})
}

// joinedPath is Path("a", "b"), and joinpath. One that is not known is the text that was given.
func joinedPath(c *script.Invocation) script.Value {
	var parts []string
	for _, arg := range c.Args {
		text, ok := c.M.StringOf(arg)
		if !ok {
			return arg
		}
		parts = append(parts, text)
	}
	return path.Join(parts...)
}

// pathAttribute is an attribute of a path.
func (l *library) pathAttribute(of, name string) (script.Value, bool) {
	switch name {
	case "parent":
		if clean := path.Clean(of); clean == "." || path.Base(clean) == ".." {
			return path.Join(clean, ".."), true
		}
		return path.Dir(of), true
	case "name":
		return path.Base(of), true
	case "suffix":
		return path.Ext(of), true
	case "stem":
		return strings.TrimSuffix(path.Base(of), path.Ext(of)), true
	case "resolve", "absolute", "expanduser", "as_posix":
		return native(name, func(*script.Invocation) script.Value { return of }), true
	case "joinpath":
		return native(name, func(c *script.Invocation) script.Value {
			c.Args = append([]script.Value{of}, c.Args...)
			return joinedPath(c)
		}), true
	case "exists", "is_file":
		return native(name, func(c *script.Invocation) script.Value { return l.exists(c, of) }), true
	case "open", "read_text", "read_bytes":
		return native(name, func(c *script.Invocation) script.Value {
			file := l.opened(c, of)
			if f, is := file.(*script.File); is && name == "read_text" {
				return f.Content
			}
			return file
		}), true
	}
	return nil, false
}

// exists reports whether a file is beside the locustfile.
func (l *library) exists(c *script.Invocation, name string) bool {
	_, there := l.file(name)
	if !there {
		c.M.Depend(name + ", which is not beside the script")
	}
	return there
}

// file reads a file beside the locustfile.
func (l *library) file(name string) ([]byte, bool) {
	if l.in.Open == nil || name == "" {
		return nil, false
	}
	data, err := l.in.Open(path.Clean(name))
	return data, err == nil
}

// open opens a file beside the locustfile.
func (l *library) open(c *script.Invocation) script.Value {
	name, _ := c.M.StringOf(c.Arg(0, "file"))
	return l.opened(c, name)
}

func (l *library) opened(c *script.Invocation, name string) script.Value {
	data, there := l.file(name)
	if !there {
		return &script.Unknown{At: c.At, Why: "the content of a file that is not beside the script"}
	}
	return &script.File{Path: path.Clean(name), Content: string(data), Opened: true}
}
