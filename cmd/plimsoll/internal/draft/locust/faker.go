package locust

import "github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"

// faker is an object of the library Faker: each method becomes the variable that comes closest.
func faker() *script.Native {
	f := &script.Native{Name: "Faker", Has: map[string]script.Value{}}
	of := func(v func(c *script.Invocation) script.Value, names ...string) {
		for _, name := range names {
			f.Has[name] = native("Faker."+name, v)
		}
	}
	text := func(parts ...script.Value) func(c *script.Invocation) script.Value {
		return func(c *script.Invocation) script.Value { return c.M.Join(parts...) }
	}
	variable := func(name string) func(c *script.Invocation) script.Value {
		return func(*script.Invocation) script.Value { return &script.Var{Name: name} }
	}
	of(variable("name"), "name", "first_name", "last_name", "name_male", "name_female", "company", "prefix")
	of(variable("email"), "email", "safe_email", "company_email", "ascii_email", "free_email", "ascii_safe_email")
	of(variable("word"), "word", "city", "country", "state", "job", "color_name", "color", "language_name", "street_name", "domain_word", "file_name", "currency_code", "country_code", "state_abbr")
	of(variable("sentence(8)"), "sentence", "text", "paragraph", "bs", "catch_phrase", "address", "street_address", "user_agent")
	of(variable("sentence(40)"), "paragraphs", "texts")
	of(variable("uuid"), "uuid4", "sha256", "sha1", "md5", "password", "isbn13", "ean", "ean13", "license_plate")
	of(variable("now"), "date", "iso8601", "date_time", "date_this_year", "date_of_birth", "future_date", "past_date", "date_between", "date_time_this_year", "future_datetime", "date_object", "time")
	of(func(c *script.Invocation) script.Value { return c.M.Join(&script.Letters{}) }, "user_name", "slug", "lexify", "bothify", "pystr", "random_letters")
	of(text("+1", &script.Var{Name: "int(2000000000,9999999999)"}), "phone_number", "msisdn", "cellphone_number")
	of(text("https://example.com/", &script.Var{Name: "word"}), "url", "uri", "image_url")
	of(text("192.0.2.", &script.Var{Name: "int(1,254)"}), "ipv4", "ipv4_public", "ipv4_private")
	of(text(&script.Var{Name: "int(10000,99999)"}), "postcode", "zipcode", "numerify", "building_number", "ssn")
	of(text("4", &script.Var{Name: "int(100000000000000,999999999999999)"}), "credit_card_number", "iban", "bban")
	of(func(c *script.Invocation) script.Value {
		least, _ := script.NumberOf(c.Arg(0, "min"))
		most, ok := script.NumberOf(c.Arg(1, "max"))
		if v, there := c.Named.Get("min_value"); there {
			least, _ = script.NumberOf(v)
		}
		if v, there := c.Named.Get("max_value"); there {
			most, ok = script.NumberOf(v)
		}
		if !ok {
			most = 9999
		}
		return &script.Drawn{Min: least, Max: max(least, most), Integer: true}
	}, "random_int", "pyint", "random_number", "random_digit", "unix_time", "year")
	of(func(c *script.Invocation) script.Value {
		least, _ := script.NumberOf(c.Arg(-1, "min_value"))
		most, ok := script.NumberOf(c.Arg(-1, "max_value"))
		if !ok {
			most = 1000
		}
		return &script.Drawn{Min: least, Max: max(least, most)}
	}, "pyfloat", "pydecimal", "latitude", "longitude")
	of(func(c *script.Invocation) script.Value {
		return c.M.Draw(c.At, &script.List{Items: []script.Value{true, false}}, "random", "truth")
	}, "boolean", "pybool")
	of(func(c *script.Invocation) script.Value { return c.M.Draw(c.At, c.Arg(0, "elements"), "random", "") }, "random_element", "random_choices", "random_elements", "random_sample")
	of(func(c *script.Invocation) script.Value {
		n, ok := script.Integer(c.Arg(0, "nb"))
		if !ok {
			n = 3
		}
		made := &script.List{}
		for range min(n, 20) {
			made.Items = append(made.Items, &script.Var{Name: "word"})
		}
		return made
	}, "words")
	f.Has["unique"] = f
	f.Has["seed"], f.Has["seed_instance"], f.Has["add_provider"] = nothing("seed"), nothing("seed_instance"), nothing("add_provider")
	return f
}
