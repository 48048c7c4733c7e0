package locust

import "github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"

// Notes about ends that a script has and a profile has not.
const (
	endsUser = "this ends the user; a user of the profile goes on with its next task"
	endsTest = "this ends the test; a profile ends it after load.run_time"
	noWait   = "this skips the wait; a user of the profile waits before its next task"
	ownData  = "a figure that the script reports itself is left out"
)

// telling is a function that does nothing in a profile but leave a note.
func telling(name, sentence string) *script.Native {
	return native(name, func(c *script.Invocation) script.Value {
		c.M.Note(c.At, "%s", sentence)
		return nil
	})
}

// exceptions are those of locust.exception. One that ends a task is like a return.
func exceptions() map[string]script.Value {
	return map[string]script.Value{
		"StopUser":                  telling("StopUser", endsUser),
		"StopTest":                  telling("StopTest", endsTest),
		"RescheduleTaskImmediately": telling("RescheduleTaskImmediately", noWait),
		"RescheduleTask":            nothing("RescheduleTask"),
		"InterruptTaskSet":          nothing("InterruptTaskSet"),
		"LocustError":               nothing("LocustError"),
		"ResponseError":             nothing("ResponseError"),
		"CatchResponseError":        nothing("CatchResponseError"),
		"MissingWaitTimeError":      nothing("MissingWaitTimeError"),
	}
}

// environment is what users and listeners know of the test.
func environment() *script.Native {
	runner := &script.Native{Name: "runner", Has: map[string]script.Value{"quit": telling("quit", endsTest), "stop": telling("stop", endsTest), "stats": quiet("runner.stats")}}
	return &script.Native{Name: "environment", Has: map[string]script.Value{"host": "", "runner": runner, "events": events(), "stats": quiet("environment.stats"),
		"parsed_options": &script.Native{Name: "the options of the command line"}}}
}

// events are the events of Locust. What listens to them is no part of a task.
func events() *script.Native {
	listen := native("add_listener", func(c *script.Invocation) script.Value {
		if c.M.Asks(c.Arg(0, "")) {
			c.M.Note(c.At, "what listens to an event of Locust is not followed, and its requests are left out")
		}
		c.M.Forget(c.Arg(0, ""), "what a listener sets when the test begins")
		return c.Arg(0, "")
	})
	return &script.Native{Name: "events", Item: func(key string) script.Value {
		has := map[string]script.Value{"add_listener": listen, "remove_listener": nothing("remove_listener"), "fire": nothing("fire")}
		switch key {
		case "request", "request_success", "request_failure":
			has["fire"], has["measure"] = telling("fire", ownData), telling("measure", ownData)
		}
		return &script.Native{Name: "events." + key, Has: has}
	}}
}
