package locust

import "github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"

// fake maps methods of the library Faker to values of a profile.
type fake struct {
	methods []string
	do      func(c *script.Invocation) script.Value
}

// faker is an object of the library Faker: each method becomes the variable that comes closest.
func faker() *script.Native {
	f := &script.Native{Name: "Faker", Has: map[string]script.Value{"seed": nothing("seed"), "seed_instance": nothing("seed_instance"), "add_provider": nothing("add_provider")}}
	for _, one := range append(fakeTexts(), fakeValues()...) {
		for _, method := range one.methods {
			f.Has[method] = native("Faker."+method, one.do)
		}
	}
	f.Has["unique"] = f
	return f
}

// fakeTexts are texts of words, names, ids and times, and texts that have such a variable in them.
func fakeTexts() []fake {
	variable := func(name string) func(c *script.Invocation) script.Value {
		return func(*script.Invocation) script.Value { return &script.Var{Name: name} }
	}
	text := func(parts ...script.Value) func(c *script.Invocation) script.Value {
		return func(c *script.Invocation) script.Value { return c.M.Join(parts...) }
	}
	return []fake{
		{[]string{"name", "first_name", "last_name", "name_male", "name_female", "company", "prefix"}, variable("name")},
		{[]string{"email", "safe_email", "company_email", "ascii_email", "free_email", "ascii_safe_email"}, variable("email")},
		{[]string{"word", "city", "country", "state", "job", "color_name", "color", "language_name", "street_name", "domain_word", "file_name", "currency_code", "country_code", "state_abbr"}, variable("word")},
		{[]string{"sentence", "text", "paragraph", "bs", "catch_phrase", "address", "street_address", "user_agent"}, variable("sentence(8)")},
		{[]string{"paragraphs", "texts"}, variable("sentence(40)")},
		{[]string{"uuid4", "sha256", "sha1", "md5", "password", "isbn13", "ean", "ean13", "license_plate"}, variable("uuid")},
		{[]string{"date", "iso8601", "date_time", "date_this_year", "date_of_birth", "future_date", "past_date", "date_between", "date_time_this_year", "future_datetime", "date_object", "time"}, variable("now")},
		{[]string{"user_name", "slug", "lexify", "bothify", "pystr", "random_letters"}, text(&script.Letters{})},
		{[]string{"phone_number", "msisdn", "cellphone_number"}, text("+1", &script.Var{Name: "int(2000000000,9999999999)"})},
		{[]string{"url", "uri", "image_url"}, text("https://example.com/", &script.Var{Name: "word"})},
		{[]string{"ipv4", "ipv4_public", "ipv4_private"}, text("192.0.2.", &script.Var{Name: "int(1,254)"})},
		{[]string{"postcode", "zipcode", "numerify", "building_number", "ssn"}, text(&script.Var{Name: "int(10000,99999)"})},
		{[]string{"credit_card_number", "iban", "bban"}, text("4", &script.Var{Name: "int(100000000000000,999999999999999)"})},
	}
}

// fakeValues are numbers, truths, items of lists, and lists.
func fakeValues() []fake {
	return []fake{
		{[]string{"random_int", "pyint", "random_number", "random_digit", "unix_time", "year"}, fakeInteger},
		{[]string{"pyfloat", "pydecimal", "latitude", "longitude"}, fakeFloat},
		{[]string{"boolean", "pybool"}, func(c *script.Invocation) script.Value {
			return c.M.Draw(c.At, &script.List{Items: []script.Value{true, false}}, "random", "truth")
		}},
		{[]string{"random_element", "random_choices", "random_elements", "random_sample"}, func(c *script.Invocation) script.Value {
			return c.M.Draw(c.At, c.Arg(0, "elements"), "random", "")
		}},
		{[]string{"words"}, fakeWords},
	}
}

func fakeInteger(c *script.Invocation) script.Value {
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
}

func fakeFloat(c *script.Invocation) script.Value {
	least, _ := script.NumberOf(c.Arg(-1, "min_value"))
	most, ok := script.NumberOf(c.Arg(-1, "max_value"))
	if !ok {
		most = 1000
	}
	return &script.Drawn{Min: least, Max: max(least, most)}
}

func fakeWords(c *script.Invocation) script.Value {
	n, ok := script.Integer(c.Arg(0, "nb"))
	if !ok {
		n = 3
	}
	made := &script.List{}
	for range min(n, 20) {
		made.Items = append(made.Items, &script.Var{Name: "word"})
	}
	return made
}
