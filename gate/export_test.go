package gate

// AreSides is areSides for the tests.
var AreSides = areSides
