"""Pages of the user guide, one a step: installed for the help of the widgets."""
